import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { fileLeftReply } from './left-reply.ts';

const frame = (position: number, last = false): PcmFrame => ({
  sampleRateHz: 24_000,
  stream: 7,
  position,
  timeUs: 1_700_000_000_000_000,
  first: position === 0,
  last,
  resent: false,
  samples: last ? new Int16Array(0) : Int16Array.of(position, -position),
});
const FRAMES = [frame(0), frame(2), frame(4, true)];

describe('the sound of an answer that is not played out', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-left-reply-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const store = () => fileLeftReply(folder, createLog('test', 'silent'));
  const path = () => join(folder, 'reply.pcm');

  it('goes from one process to the next, once', () => {
    store().leave(FRAMES);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(store().take(Date.now())).toEqual(FRAMES);
    expect(store().take(Date.now())).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is nothing where every answer was heard', () => {
    store().leave([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([30_000, -30_000])('is not wanted any more when the clock says %i ms later', (awayMs) => {
    store().leave(FRAMES);
    utimesSync(path(), 1_000, 1_000);
    expect(store().take(1_000_000 + awayMs)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['cut in the middle', Buffer.from([200, 0, 0, 0, 1, 1])],
    ['cut within a length', Buffer.from([3])],
    ['rubbish', Buffer.from([4, 0, 0, 0, 9, 9, 9, 9])],
  ])('is left alone when its file is %s', (_how, bytes) => {
    writeFileSync(path(), bytes);
    expect(store().take(Date.now())).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
