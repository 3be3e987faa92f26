import { runService } from '#shared/lifecycle/run-service.ts';
import { startVision } from './service.ts';

void runService('vision', startVision);
