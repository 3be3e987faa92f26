import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';
import { decodePcmFrame, encodePcmFrame, type PcmFrame } from '#shared/pcm/frame.ts';

/** A speaker's record that is older resumes nothing, and nothing else asks for what was said so long ago. */
const WANTED_FOR_MS = 30_000;
const LENGTH_BYTES = 4;

/** The sound of answers that are not played out, from one process to the next. */
export interface LeftReply {
  /** Called at an orderly end. Writes nothing where nothing is left. */
  leave(frames: readonly PcmFrame[]): void;
  /** What a predecessor left, once: oldest frame first. @param nowMs Unix milliseconds. */
  take(nowMs: number): PcmFrame[];
}

/**
 * In `reply.pcm` (0600) in the state folder, for as long as no process runs: each frame as on the bus, behind its length (u32,
 * little endian). So `pm2 restart all`, which replaces the thinker and the speaker, cuts no answer. A file that cannot be used
 * costs the rest of an answer, which is then asked for again.
 */
export function fileLeftReply(stateDir: string, log: Log): LeftReply {
  const path = join(stateDir, 'reply.pcm');
  return {
    leave(frames) {
      if (frames.length === 0) return;
      try {
        writeFileAtomically(path, Buffer.concat(frames.flatMap(framed)));
      } catch (error) {
        log.warn({ path, reason: messageOf(error) }, 'the rest of the answer cannot be stored (CORTEX_STATE_DIR)');
      }
    },
    take(nowMs) {
      try {
        const { mtimeMs } = statSync(path);
        const bytes = readFileSync(path);
        rmSync(path);
        // A clock that is behind since a power cut tells no age.
        return Math.abs(nowMs - mtimeMs) < WANTED_FOR_MS ? unframed(bytes) : [];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          log.warn({ path, reason: messageOf(error) }, 'the rest of an answer is unusable');
        }
        return [];
      }
    },
  };
}

function framed(frame: PcmFrame): Buffer[] {
  const bytes = encodePcmFrame(frame);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

/** Throws RangeError where the bytes are no frames. */
function unframed(bytes: Buffer): PcmFrame[] {
  const frames: PcmFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + LENGTH_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) throw new RangeError(`a frame ends at byte ${end} of ${bytes.length}`);
    frames.push(decodePcmFrame(bytes.subarray(at + LENGTH_BYTES, end)));
    at = end;
  }
  return frames;
}
