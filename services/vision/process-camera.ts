import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Camera, CameraListener, OpenCamera } from './camera.ts';
import { MjpegSplitter } from './mjpeg-splitter.ts';

export interface CaptureCommand {
  file: string;
  args: readonly string[];
}

/** After a polite request to end; together with the request this stays below the 200 ms privacy is allowed. */
const KILL_AFTER_MS = 100;
/** A process that even SIGKILL does not end is stuck in its driver; waiting longer would not help. */
const ABANDON_AFTER_MS = 1_000;
/** So much garbage without one picture means that this is no MJPEG stream. */
const MAX_GARBAGE_BYTES = 16_000_000;
/** The last words of a process, for the reason it ended. */
const LAST_WORDS_CHARACTERS = 300;
/** They may still be in the pipe when the process is gone; a grandchild may hold the pipe for ever. */
const LAST_WORDS_MS = 50;

/**
 * Part of util-linux, which every Debian has. With it the kernel ends the capture program when this process dies, however it
 * dies: a program that hangs would not notice that nobody reads its pipe, and keep the camera from our successor.
 */
const SETPRIV = '/usr/bin/setpriv';

function dyingWithUs({ file, args }: CaptureCommand): CaptureCommand {
  return existsSync(SETPRIV) ? { file: SETPRIV, args: ['--pdeathsig', 'KILL', file, ...args] } : { file, args };
}

/** A camera read through a program that writes MJPEG to its standard output. @param command is asked at each opening. */
export function processCamera(
  name: string,
  command: () => CaptureCommand | Promise<CaptureCommand>,
  context: Pick<ProcessContext, 'clock' | 'meters'>,
): Camera {
  return {
    name,
    open(listener) {
      let closed = false;
      const opening = Promise.resolve()
        .then(command)
        .then((known) => (closed ? undefined : openProcess(known, context, listener)));
      opening.catch((error: unknown) => {
        if (!closed) listener.ended(messageOf(error));
      });
      return {
        async close() {
          closed = true;
          const opened = await opening.catch(() => undefined);
          await opened?.close();
        },
      };
    },
  };
}

function openProcess(
  command: CaptureCommand,
  { clock, meters }: Pick<ProcessContext, 'clock' | 'meters'>,
  listener: CameraListener,
): OpenCamera {
  const splitter = new MjpegSplitter();
  let closed = false;
  let skippedBytes = 0;
  let garbageBytes = 0;
  let lastWords = '';
  // Detached: a process group of its own, so that a script around the real program cannot keep that one alive.
  const { file } = command;
  const started = dyingWithUs(command);
  const child = spawn(started.file, started.args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });

  function end(reason: string): void {
    if (closed) return;
    closed = true;
    void release(child, gone, clock);
    listener.ended(reason);
  }

  child.on('error', (error) => end(`${file} cannot be started (${error.message})`));
  child.on('exit', (code, signal) => {
    const ended = () => end(`${file} ended with ${signal ?? `code ${code}`}${lastWords && `: ${lastWords.trim()}`}`);
    child.once('close', ended);
    clock.after(LAST_WORDS_MS, ended);
  });
  child.stderr.on('data', (text: Buffer) => {
    lastWords = (lastWords + text.toString()).slice(-LAST_WORDS_CHARACTERS);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (closed) return;
    const frames = splitter.push(chunk, clock.nowMs());
    meters.count('mjpegSkippedBytes', splitter.skippedBytes - skippedBytes);
    garbageBytes = frames.length > 0 ? 0 : garbageBytes + splitter.skippedBytes - skippedBytes;
    skippedBytes = splitter.skippedBytes;
    if (garbageBytes > MAX_GARBAGE_BYTES) end(`${file} writes something that is no MJPEG`);
    for (const { jpeg, beganAtMs } of frames) {
      if (closed) return;
      listener.captured({ picture: { kind: 'file', bytes: jpeg }, capturedAtMs: beganAtMs });
    }
  });

  return {
    async close() {
      closed = true;
      await release(child, gone, clock);
    },
  };
}

/** Ends the process and its children, hard if need be, and frees both pipes. */
async function release(child: ChildProcess, gone: Promise<void>, clock: Clock): Promise<void> {
  signalGroup(child, 'SIGTERM');
  const cancelKill = clock.after(KILL_AFTER_MS, () => signalGroup(child, 'SIGKILL'));
  let cancelWait = () => {};
  const abandoned = new Promise<void>((resolve) => {
    cancelWait = clock.after(ABANDON_AFTER_MS, resolve);
  });
  await Promise.race([gone, abandoned]);
  cancelKill();
  cancelWait();
  signalGroup(child, 'SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return; // never started
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: all of them are gone
  }
}
