import { runProcess } from '#shared/lifecycle/run-process.ts';
import { startBroker } from './service.ts';

void runProcess('broker', startBroker);
