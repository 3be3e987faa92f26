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

it('shows the newest frame of a stream whose beginning was learned of afterwards', () => {
  const history = new PcmHistory(1_000);
  history.append({ ...frame(1, 0), position: 400 });
  history.append(frame(2, 0));
  for (const position of [0, 100, 200, 300]) history.append({ ...frame(1, 0), position });
  expect(history.newest().map(({ position }) => position)).toEqual([400, 0]);
  expect(history.since({ stream: 1, from: 0 }).map(({ position }) => position)).toEqual([0, 100, 200, 300, 400]);
});
