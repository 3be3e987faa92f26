import { type ChildProcess, fork } from 'node:child_process';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import type { KeywordConfiguration, KeywordReport, KeywordRequest } from './keyword-protocol.ts';

/** Two seconds of microphone the process has not taken: it hangs, and an old stop is none. */
const MAX_UNTAKEN = 100;
/** Enough to find the library's last words in. */
const LAST_WORDS_LENGTH = 1_000;

export interface KeywordEngine {
  send(request: KeywordRequest): void;
  end(): void;
}

/** Starts the process that holds the model; `heard` is called for each keyword. One that dies is logged with `folder` and stays dead. */
export function startKeywordEngine(
  script: string,
  configuration: KeywordConfiguration,
  { log, meters }: Pick<ServiceContext, 'log' | 'meters'>,
  folder: string,
  heard: (utterance: number) => void,
): KeywordEngine {
  // Nothing of our environment: PM2's variables would make the child believe it is a cluster worker.
  const child: ChildProcess = fork(script, [JSON.stringify(configuration)], {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let untaken = 0;
  let lastWords = '';
  let ending = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString()).slice(-LAST_WORDS_LENGTH);
  });
  child.on('message', (report: KeywordReport | 'ready') => {
    if (report === 'ready') log.info({ folder }, 'listening for "stop" locally');
    else heard(report.utterance);
  });
  child.on('error', (error) => {
    lastWords += error.message;
  });
  child.on('close', (exitCode, killedBy) => {
    // It is not started again: the same files would end it again, and Live still hears every stop.
    if (!ending)
      log.warn({ folder, exitCode, killedBy, lastWords }, 'the keyword model cannot be used: unpack it again');
  });
  return {
    send(request) {
      if (!child.connected) return;
      if (untaken >= MAX_UNTAKEN) {
        meters.count('keywordFramesDropped');
        return;
      }
      untaken += 1;
      child.send(request, () => {
        untaken -= 1;
      });
    },
    end() {
      ending = true;
      child.kill();
    },
  };
}
