import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { fileMemoryStore, type UnfinishedTurn } from './memory-store.ts';
import { takeUp } from './take-up.ts';

const log = createLog('test', 'silent');
const HOUR = 3_600_000;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unfinished: UnfinishedTurn = { turn: 7, kind: 'speech', utterance: 3, text: 'why?', answering: false, heard: '' };

describe('the stored conversation', () => {
  it('survives the process, for a day, and an unfinished turn for half a minute', () => {
    const entry = { turn: 6, atMs: 0, user: 'u', heard: 'h', cut: false };
    fileMemoryStore(folder, log, () => 1_000).save({ ledger: [entry], unfinished });
    const load = (atMs: number) => fileMemoryStore(folder, log, () => atMs).load(atMs);
    expect(load(2_000)).toEqual({ ledger: [entry], unfinished });
    expect(load(40_000)).toEqual({ ledger: [entry] });
    expect(load(25 * HOUR)).toEqual({ ledger: [] });
  });

  it.each(['', 'x', '{"ledger":[{}]}'])('does not keep the thinker from starting when the file holds %j', (content) => {
    writeFileSync(join(folder, 'conversation.json'), content);
    expect(fileMemoryStore(folder, log, () => 0).load(0)).toEqual({ ledger: [] });
  });
});

describe('a turn the predecessor left unfinished', () => {
  it.each([
    ['a spoken question goes on under its number', {}, { recall: 3, news: { type: 'turnInherited', turn: 7 } }],
    [
      'a written one is asked again',
      { kind: 'ask' as const },
      { news: { type: 'textAsked', text: 'why?', userText: 'why?' } },
    ],
    ['an announcement is spoken again', { kind: 'say' as const }, { news: { type: 'textAsked', kind: 'say' } }],
    [
      'half an answer is finished',
      { answering: true },
      { news: { type: 'textAsked', text: expect.stringContaining('why?') } },
    ],
    ['half an answer to nobody knows what is given anew', { answering: true, text: '' }, { recall: 3 }],
  ])('%s', (_what, fields, expected) => {
    expect(takeUp({ ...unfinished, ...fields }, 5)).toMatchObject(expected);
  });

  it('that was an announcement, half spoken, is not repeated', () => {
    const half = { turn: 7, kind: 'say', text: 'Turn left.', answering: true, heard: 'Turn' } as const;
    expect(takeUp(half, 5)).toEqual({ ended: expect.objectContaining({ turn: 7, state: 'failed' }) });
  });
});
