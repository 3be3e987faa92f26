import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '#shared/contract/thinker.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';
import type { InheritedTurn } from './conversation-state.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Turn } from './turn.ts';

/** A question in text, or what is to be said, that has not been answered. */
export interface LeftText {
  readonly turn: number;
  readonly kind: 'ask' | 'say';
  readonly text: string;
  readonly withFrame: boolean;
}

/** The turns that were not over when the process ended. */
export interface LeftBehind {
  /** The one whose question was asked or answered. */
  active?: Turn | undefined;
  /** What came as text: the active one's, and those behind it, which nobody has been told of yet. */
  texts?: readonly LeftText[] | undefined;
  /** Spoken questions behind it. */
  waiting?: readonly InheritedTurn[] | undefined;
  /** Answers that were complete and still being played, or cut and not yet reported by the speaker. */
  playing?: readonly Turn[] | undefined;
}

export interface Memory extends LeftBehind {
  ledger: readonly LedgerEntry[];
  /** Unix milliseconds; set by the store. */
  savedAtMs?: number;
  /** No utterance up to this one is anybody's question any more. */
  settledUtterance?: number | undefined;
}

/** Where the conversation survives the process. */
export interface MemoryStore {
  load(nowMs: number): Memory;
  save(memory: Memory): void;
}

const StoredTurn: z.ZodMiniType<Turn> = z.object({
  number: z.number(),
  kind: z.enum(['speech', 'ask', 'say']),
  utterance: z.exactOptional(z.number()),
  phase: z.enum(['listening', 'thinking', 'speaking', 'done', 'interrupted', 'failed']),
  backend: z.enum(['live', 'http', 'offline']),
  timings: z.record(z.string(), z.number()),
  userText: z.string(),
  modelText: z.string(),
  replySamples: z.number(),
  playedSamples: z.number(),
  playback: z.enum(['none', 'playing', 'over']),
  playbackAtMs: z.exactOptional(z.number()),
  generated: z.boolean(),
  completed: z.boolean(),
  usage: z.exactOptional(z.record(z.string(), z.number())),
  failure: z.exactOptional(Failure),
});

const StoredText: z.ZodMiniType<LeftText> = z.object({
  turn: z.number(),
  kind: z.enum(['ask', 'say']),
  text: z.string(),
  withFrame: z.boolean(),
});

const StoredMemory = z.object({
  ledger: z.array(
    z.object({ turn: z.number(), atMs: z.number(), user: z.string(), heard: z.string(), cut: z.boolean() }),
  ),
  active: z.exactOptional(StoredTurn),
  texts: z.exactOptional(z.array(StoredText)),
  waiting: z.exactOptional(z.array(z.object({ turn: z.number(), utterance: z.number() }))),
  playing: z.exactOptional(z.array(StoredTurn)),
  settledUtterance: z.exactOptional(z.number()),
  savedAtMs: z.number(),
});

/** Yesterday's conversation is not today's, and what was said need not lie on a disk for longer. */
const REMEMBERED_MS = 24 * 3_600_000;

/** The conversation in `conversation.json` (0600) in the state folder. A file that cannot be used costs memory, never the start. */
export function fileMemoryStore(stateDir: string, log: Log, nowMs: () => number): MemoryStore {
  const path = join(stateDir, 'conversation.json');
  return {
    load(atMs) {
      try {
        const memory = StoredMemory.parse(JSON.parse(readFileSync(path, 'utf8')));
        return { ...memory, ledger: memory.ledger.filter((entry) => atMs - entry.atMs < REMEMBERED_MS) };
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
