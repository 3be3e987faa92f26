import { runService } from '#shared/lifecycle/run-service.ts';
import { startSpeaker } from './service.ts';

void runService('speaker', startSpeaker);
