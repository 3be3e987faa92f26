import { runService } from '#shared/lifecycle/run-service.ts';
import { startThinker } from './service.ts';

void runService('thinker', startThinker);
