import { closeSync, constants, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { u32 } from '#shared/contract/fields.ts';

const Turn = z.object({ turn: u32, position: u32, told: z.enum(['nothing', 'started', 'paused']) });
/** `left`: samples the device has still to play. */
const LeavingTurn = z.object({ turn: u32, position: u32, left: z.int() });

/** Everything a successor needs to go on at the next sample. */
export const PlayoutRecord = z.object({
  /** See `processIdentity`. */
  process: z.string(),
  atMs: z.number(),
  /** True from the last word of a process that stops. */
  final: z.boolean(),
  /** Samples it has still to hand over then, silence included; 0 when it has stopped. */
  toGo: z.int(),
  /** When the last sample handed over so far, and to go, is heard, Unix ms. */
  silentAtMs: z.number(),
  /** Samples handed over that are lost with the process if it is killed. */
  perishable: z.int(),
  turns: z.array(Turn),
  current: z.optional(u32),
  /** Handed over completely, and not yet told as finished. */
  leaving: z.array(LeavingTurn),
  /** The newest turns that must never sound again. */
  over: z.array(u32),
  /** The newest turns announced. */
  known: z.array(z.object({ turn: u32, utterance: z.optional(u32) })),
  /** The utterance the reply was yielding to. */
  heard: z.optional(z.object({ utterance: u32, sure: z.boolean(), untilMs: z.number() })),
});
export type PlayoutRecord = z.infer<typeof PlayoutRecord>;

/** Whole blocks, so that a shorter record leaves nothing of a longer one behind. */
const BLOCK_BYTES = 512;

/**
 * The record on disk. Written in place with one system call after every period handed over, never synced: it has to survive
 * the process, not the machine.
 */
export class PlayoutRecordFile {
  private readonly path: string;
  private file: number | undefined;
  private bytesWritten = 0;

  constructor(path: string) {
    this.path = path;
  }

  write(record: PlayoutRecord): void {
    this.file ??= this.open();
    const text = JSON.stringify(record);
    const length = Math.max(this.bytesWritten, Math.ceil((text.length + 1) / BLOCK_BYTES) * BLOCK_BYTES);
    writeSync(this.file, text.padEnd(length), 0, 'latin1');
    this.bytesWritten = length;
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private open(): number {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    // Not truncated: until the first write the predecessor's record stands.
    const file = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    this.bytesWritten = statSync(this.path).size;
    return file;
  }
}

/** The record on disk, or undefined where there is none. A damaged one is none. */
export function readPlayoutRecord(path: string): PlayoutRecord | undefined {
  // Read in the moment in which it is written, it may be half of one record and half of the next.
  return lookAt(path) ?? lookAt(path);
}

function lookAt(path: string): PlayoutRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return PlayoutRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
