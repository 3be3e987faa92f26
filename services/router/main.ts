import { runService } from '#shared/lifecycle/run-service.ts';
import { startRouter } from './service.ts';

void runService('router', startRouter);
