import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';
import type { InheritedTurn } from './conversation-state.ts';
import type { LedgerEntry } from './ledger.ts';

/** A turn that was not over when the process ended. */
export interface UnfinishedTurn {
  turn: number;
  kind: 'speech' | 'ask' | 'say';
  utterance?: number | undefined;
  /** The question as far as it is known in words; of a `say`, what is to be said. */
  text: string;
  /** Part of the answer has been published. */
  answering: boolean;
  /** What of it has been heard. */
  heard: string;
}

export interface Memory {
  ledger: readonly LedgerEntry[];
  unfinished?: UnfinishedTurn | undefined;
  /** Spoken questions behind it. */
  waiting?: readonly InheritedTurn[] | undefined;
  /** No utterance up to this one is anybody's question any more. */
  settledUtterance?: number | undefined;
}

/** Where the conversation survives the process. */
export interface MemoryStore {
  load(nowMs: number): Memory;
  save(memory: Memory): void;
}

const StoredMemory = z.object({
  ledger: z.array(
    z.object({ turn: z.number(), atMs: z.number(), user: z.string(), heard: z.string(), cut: z.boolean() }),
  ),
  unfinished: z.optional(
    z.object({
      turn: z.number(),
      kind: z.enum(['speech', 'ask', 'say']),
      utterance: z.optional(z.number()),
      text: z.string(),
      answering: z.boolean(),
      heard: z.string(),
    }),
  ),
  waiting: z.optional(z.array(z.object({ turn: z.number(), utterance: z.number() }))),
  settledUtterance: z.optional(z.number()),
  savedAtMs: z.number(),
});

/** Yesterday's conversation is not today's, and what was said need not lie on a disk for longer. */
const REMEMBERED_MS = 24 * 3_600_000;
/** Nobody waits longer than this for the answer to a question; asked again later it would come out of the blue. */
const UNFINISHED_MS = 30_000;

/** The conversation in `conversation.json` (0600) in the state folder. A file that cannot be used costs memory, never the start. */
export function fileMemoryStore(stateDir: string, log: Log, nowMs: () => number): MemoryStore {
  const path = join(stateDir, 'conversation.json');
  return {
    load(atMs) {
      try {
        const { ledger, unfinished, waiting, settledUtterance, savedAtMs } = StoredMemory.parse(
          JSON.parse(readFileSync(path, 'utf8')),
        );
        return {
          ledger: ledger.filter((entry) => atMs - entry.atMs < REMEMBERED_MS),
          ...(settledUtterance !== undefined && { settledUtterance }),
          ...(atMs - savedAtMs < UNFINISHED_MS && { unfinished, waiting }),
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          log.warn({ path, reason: messageOf(error) }, 'the stored conversation is unusable; starting without it');
        }
        return { ledger: [] };
      }
    },
    save(memory) {
      try {
        writeFileAtomically(path, `${JSON.stringify({ ...memory, savedAtMs: nowMs() })}\n`);
      } catch (error) {
        log.warn({ path, reason: messageOf(error) }, 'the conversation cannot be stored (CORTEX_STATE_DIR)');
      }
    },
  };
}
