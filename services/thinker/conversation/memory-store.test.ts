import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { fileMemoryStore } from './memory-store.ts';
import { newTurn, nextTurn } from './turn.ts';

const log = createLog('test', 'silent');
const HOUR = 3_600_000;
const FAILURE = { kind: 'k', message: 'm', retryable: true };
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the stored conversation', () => {
  it('survives the process, for a day, with the turns that were not over', () => {
    const entry = { turn: 6, atMs: 0, user: 'u', heard: 'h', cut: false };
    const active = nextTurn(newTurn(8, 'speech', 'live', 3), { type: 'failed', failure: FAILURE, atMs: 1 });
    const answer = nextTurn(newTurn(7, 'ask', 'http'), { type: 'audioArrived', samples: 10, atMs: 1 });
    const playing = [nextTurn(answer, { type: 'played', state: 'playing', position: 5, atMs: 2 })];
    const memory = {
      active,
      texts: [{ turn: 8, kind: 'ask' as const, text: 'why?', withFrame: true }],
      waiting: [{ turn: 9, utterance: 4 }],
      playing,
      settledUtterance: 2,
    };
    fileMemoryStore(folder, log, () => 1_000).save({ ledger: [entry], ...memory });
    const load = (atMs: number) => fileMemoryStore(folder, log, () => atMs).load(atMs);
    expect(load(2_000)).toEqual({ ledger: [entry], ...memory, savedAtMs: 1_000 });
    expect(load(25 * HOUR).ledger).toEqual([]);
  });

  it.each(['', 'x', '{"ledger":[{}]}'])('does not keep the thinker from starting when the file holds %j', (content) => {
    writeFileSync(join(folder, 'conversation.json'), content);
    expect(fileMemoryStore(folder, log, () => 0).load(0)).toEqual({ ledger: [] });
  });
});
