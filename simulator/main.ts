import { runProcess } from '#shared/lifecycle/run-process.ts';
import { startSimulator } from './service.ts';

void runProcess('live-sim', startSimulator);
