import { fork } from 'node:child_process';
import type { EngineReply, EngineRequest } from './speech-engine-protocol.ts';

/** Enough to find the library's last complaint in. */
const COMPLAINTS_LENGTH = 2_000;

/** How the process ended, and what the library had written since its last reply. */
export interface EngineEnd {
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly complaints: string;
}

/** The running process of the speech engine. */
export interface EngineLink {
  /** Where the process is gone, nothing happens; its end was or will be told. */
  send(request: EngineRequest): void;
  kill(): void;
}

export interface EngineListener {
  /** @param complaints what the library wrote on its stderr since the last reply. */
  replied(reply: EngineReply, complaints: string): void;
  /** Called once; no reply comes after it. */
  ended(end: EngineEnd): void;
}

/** Starts the process. @param script the bundle of speech-engine-process.ts. */
export function startEngineProcess(script: string, listener: EngineListener): EngineLink {
  // Nothing of our environment: it holds the key, and PM2's variables would make the child believe it is a cluster worker.
  const child = fork(script, [], {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  function complain(text: string): void {
    complaints = (complaints + text).slice(-COMPLAINTS_LENGTH);
  }
  child.stderr?.on('data', (chunk: Buffer) => complain(chunk.toString()));
  child.on('error', (error) => complain(error.message));
  child.on('message', (reply: EngineReply) => {
    // What was written before the reply may be read after it, though within the same round of the event loop.
    setImmediate(() => {
      const written = complaints;
      complaints = '';
      listener.replied(reply, written);
    });
  });
  child.on('close', (exitCode, killedBy) => listener.ended({ exitCode, killedBy, complaints }));
  return {
    send: (request) => void child.send(request, () => undefined),
    kill: () => void child.kill('SIGKILL'),
  };
}
