import { runService } from '#shared/lifecycle/run-service.ts';
import { interimOf } from './interim-process.ts';
import { startAudioIn } from './service.ts';

void runService('audio-in', (context) => startAudioIn(context, { interim: interimOf(process) }));
