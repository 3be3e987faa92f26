import { runService } from '#shared/lifecycle/run-service.ts';
import { startAudioIn } from './service.ts';

void runService('audio-in', startAudioIn);
