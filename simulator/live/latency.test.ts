import { expect, it } from 'vitest';
import { drawLatency } from './latency.ts';

it('draws latencies whose median and 95th percentile are those of the recording', () => {
  const drawn: number[] = [];
  let state = 42;
  for (let draw = 0; draw < 20_000; draw += 1) {
    const one = drawLatency({ medianMs: 260, p95Ms: 420 }, state);
    state = one.state;
    drawn.push(one.latencyMs);
  }
  drawn.sort((one, other) => one - other);
  expect(Math.abs((drawn[10_000] ?? 0) - 260)).toBeLessThan(5);
  expect(Math.abs((drawn[19_000] ?? 0) - 420)).toBeLessThan(12);
});

it('draws the same from the same state, and nothing where there is no latency', () => {
  const latency = { medianMs: 100, p95Ms: 200 };
  expect(drawLatency(latency, 7)).toEqual(drawLatency(latency, 7));
  expect(drawLatency({ medianMs: 0, p95Ms: 0 }, 7)).toEqual({ latencyMs: 0, state: 7 });
});
