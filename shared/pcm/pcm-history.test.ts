import { expect, it } from 'vitest';
import type { PcmFrame } from './frame.ts';
import { PcmHistory } from './pcm-history.ts';

function frame(stream: number, atMs: number): PcmFrame {
  const samples = new Int16Array(100);
  const flags = { first: true, last: false, resent: false };
  return { sampleRateHz: 24_000, stream, position: 0, timeUs: atMs * 1_000, ...flags, samples };
}

it('keeps a reply that has been played for half a minute more, and one that has not for as long as there is room', () => {
  const history = new PcmHistory(1_000);
  const kept = () => history.newest().map(({ stream }) => stream);
  for (const stream of [1, 2, 3]) history.append(frame(stream, 0));
  history.finished(1, 5_000);
  history.finished(3, 6_000);
  history.append(frame(4, 35_000));
  expect(kept()).toEqual([1, 2, 3, 4]);
  history.append(frame(5, 35_001));
  expect(kept()).toEqual([2, 3, 4, 5]);
  history.append(frame(6, 36_001));
  expect(kept()).toEqual([2, 4, 5, 6]);
});

it('counts what it has dropped as free', () => {
  const history = new PcmHistory(300);
  for (const stream of [1, 2, 3]) history.append(frame(stream, 0));
  history.finished(2, 0);
  history.append(frame(4, 30_001));
  expect(history.newest().map(({ stream }) => stream)).toEqual([1, 3, 4]);
});

it('puts what another process has published in its place, once, however it comes', () => {
  const history = new PcmHistory(1_000);
  const piece = (stream: number, position: number, last = false) => ({ ...frame(stream, 0), position, last });
  for (const each of [piece(2, 200), piece(1, 100), piece(2, 0), piece(2, 200), piece(2, 100), piece(2, 300, true)]) {
    history.insert({ ...each, resent: true });
  }
  history.append(piece(3, 0));
  const kept = history.unfinished().map(({ stream, position, resent }) => [stream, position, resent]);
  expect(kept).toEqual([
    [1, 100, false],
    [2, 0, false],
    [2, 100, false],
    [2, 200, false],
    [2, 300, false],
    [3, 0, false],
  ]);
});

it('sends again in few frames what was published in many, and keeps that of another process once', () => {
  const history = new PcmHistory(100_000);
  for (let at = 0; at < 500; at += 1) history.append({ ...frame(7, 0), position: at * 100, first: at === 0 });
  history.append({ ...frame(7, 0), position: 50_000, first: false, last: true, samples: new Int16Array(0) });
  const again = history.since({ stream: 7, from: 250 });
  expect(again.length).toBeLessThan(10);
  expect(again[0]).toMatchObject({ position: 200, first: false, last: false, resent: true });
  expect(again.at(-1)?.last).toBe(true);
  const successor = new PcmHistory(100_000);
  for (const at of [300, 301, 499]) successor.insert({ ...frame(7, 0), position: at * 100, first: false });
  for (const each of [...again, ...history.since({ stream: 7, from: 0 })]) successor.insert(each);
  successor.insert({ ...frame(7, 0), position: 30_000, first: false });
  const kept = successor.unfinished();
  let end = 0;
  for (const { position, samples } of kept) {
    expect(position).toBe(end);
    end += samples.length;
  }
  expect([end, kept[0]?.first, kept.at(-1)?.last]).toEqual([50_000, true, true]);
});
