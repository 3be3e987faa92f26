import { execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** More than is ever queued. */
const PIPE_BYTES = 65_536;

/** What a successor has to know of an aplay it wants to go on with. */
const Note = z.object({
  pid: z.int(),
  /** ALSA's name of the device. */
  pcm: z.string(),
  rateHz: z.int(),
  channels: z.union([z.literal(1), z.literal(2)]),
  /** Periods in the pipe as its last user left it. */
  queued: z.int(),
  /** The process that plays through it, or has come to go on with it. See `Processes`. */
  user: z.string(),
});
export type AplayNote = z.infer<typeof Note>;

/**
 * Started in the background of a shell that leaves at once, so that it is no child of ours: PM2 signals whole process trees,
 * and what is in the pipe shall be heard even if we are killed (nor does aplay die of a level meter nobody reads any more).
 * The pipe is descriptor 3; the shell tells the process id.
 */
const START_DETACHED = 'trap "" PIPE; LC_ALL=C aplay "$@" <&3 3<&- >/dev/null & echo $!';

/**
 * An aplay on two named pipes, samples in and progress out, which two processes can hold at a time: a speaker's successor writes on where
 * its predecessor stops, so that their samples can neither overlap nor part. It plays out and ends when nobody holds it any more.
 */
export class AplayProcess {
  readonly pid: number;
  private readonly folder: string;
  private samples: number | undefined;
  private readonly meter: number;
  private reader: Socket | undefined;

  private constructor(folder: string, { pid, samples, meter }: { pid: number; samples: number; meter: number }) {
    this.pid = pid;
    this.folder = folder;
    this.samples = samples;
    this.meter = meter;
  }

  /** Rejects where the folder cannot hold pipes or there is no shell. What aplay itself has to say comes by `listen`. */
  static async start(folder: string, args: readonly string[]): Promise<AplayProcess> {
    const { samplesPath, meterPath } = pipesIn(folder);
    // Whoever still plays through an older pair keeps it: names go away, pipes do not.
    for (const path of [notePathIn(folder), samplesPath, meterPath]) rmSync(path, { force: true });
    await promisify(execFile)('mkfifo', ['-m', '600', samplesPath, meterPath]);
    // A pipe opens for writing only where somebody reads it. aplay's own ends must be such as wait, ours such as do not.
    const opener = openSync(samplesPath, O_RDONLY | O_NONBLOCK);
    const samples = openSync(samplesPath, O_WRONLY | O_NONBLOCK);
    const meter = openSync(meterPath, O_RDONLY | O_NONBLOCK);
    const theirs = [openSync(meterPath, O_WRONLY), openSync(samplesPath, O_RDONLY)] as const;
    const child = spawn('sh', ['-c', START_DETACHED, 'sh', ...args], { stdio: ['ignore', 'pipe', ...theirs] });
    for (const end of [opener, ...theirs]) closeSync(end);
    const pid = await new Promise<number>((resolve) => {
      (child.stdout as Readable).on('data', (text: Buffer) => resolve(Number.parseInt(text.toString('latin1'), 10)));
      // Without a shell there is nobody at the other ends, which is told by `listen`.
      child.on('error', () => resolve(0));
      child.on('close', () => resolve(0));
    });
    return new AplayProcess(folder, { pid, samples, meter });
  }

  /** The one a living predecessor plays through, or undefined. @param predecessorPlays is asked when it is open. */
  static join(
    folder: string,
    { pcm, me, predecessorPlays }: { pcm: string; me: string; predecessorPlays(): boolean },
  ): { aplay: AplayProcess; note: AplayNote } | undefined {
    const note = readNote(folder);
    if (!note || note.pcm !== pcm || !predecessorPlays()) return undefined;
    const { samplesPath, meterPath } = pipesIn(folder);
    const ends: number[] = [];
    try {
      for (const [path, flags] of [
        [samplesPath, O_WRONLY],
        [meterPath, O_RDONLY],
      ] as const)
        ends.push(openSync(path, flags | O_NONBLOCK));
    } catch {
      // Nobody reads it: that aplay has ended.
      for (const end of ends) closeSync(end);
      return undefined;
    }
    const [samples = -1, meter = -1] = ends;
    const aplay = new AplayProcess(folder, { pid: note.pid, samples, meter });
    aplay.note({ ...note, user: me });
    // Asked again, or its last user might have left before it could know that somebody goes on.
    if (predecessorPlays()) return { aplay, note };
    aplay.release();
    aplay.deafen();
    return undefined;
  }

  /** Bytes for aplay: never waits, because the pipe holds far more than is ever queued. */
  write(bytes: Uint8Array): void {
    if (this.samples === undefined) return;
    try {
      writeSync(this.samples, bytes);
    } catch {
      // It has ended; its meter, which ends with it, tells why.
    }
  }

  /** What is in the pipe and aplay has not taken; it never gets it, unless it is written again. */
  drain(): Buffer {
    if (this.samples === undefined) return Buffer.alloc(0);
    const bytes = Buffer.allocUnsafe(PIPE_BYTES);
    // Opened for a moment only: a pipe that has a reader seems alive to whoever comes to join it.
    const reader = openSync(`/proc/self/fd/${this.samples}`, O_RDONLY | O_NONBLOCK);
    try {
      return bytes.subarray(0, readSync(reader, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return Buffer.alloc(0);
      throw error;
    } finally {
      closeSync(reader);
    }
  }

  /** What it tells from here on, and its end. Whoever reads takes it away from everybody else. */
  listen(told: (chunk: Buffer) => void, ended: () => void): void {
    this.reader = new Socket({ fd: this.meter, readable: true, writable: false });
    // The end is told by `close`; reading from a pipe has no other failures.
    this.reader.on('error', () => undefined);
    this.reader.on('data', told);
    this.reader.on('close', ended);
  }

  /** Leaves what it tells from now on to its next user. */
  deafen(): void {
    this.reader?.removeAllListeners('data').removeAllListeners('close').destroy();
    if (!this.reader) closeSync(this.meter);
  }

  /** No more samples from us. */
  release(): void {
    if (this.samples !== undefined) closeSync(this.samples);
    this.samples = undefined;
  }

  kill(): void {
    try {
      if (this.pid > 0) process.kill(this.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  /** For a successor. */
  note(note: AplayNote): void {
    writeFileAtomically(notePathIn(this.folder), JSON.stringify(note));
  }

  /** What was last noted of this very process, by whomever. */
  noted(): AplayNote | undefined {
    const note = readNote(this.folder);
    return note?.pid === this.pid ? note : undefined;
  }
}

/** The pipe whose last modification is the last period written. */
export function samplesPipeIn(folder: string): string {
  return join(folder, 'speaker-aplay.samples');
}

function pipesIn(folder: string): { samplesPath: string; meterPath: string } {
  return { samplesPath: samplesPipeIn(folder), meterPath: join(folder, 'speaker-aplay.meter') };
}

function notePathIn(folder: string): string {
  return join(folder, 'speaker-aplay.json');
}

function readNote(folder: string): AplayNote | undefined {
  try {
    return Note.parse(JSON.parse(readFileSync(notePathIn(folder), 'utf8')));
  } catch {
    return undefined;
  }
}
