import { expect, it } from 'vitest';
import { manualClock } from '#shared/time/manual-clock.ts';
import { EventLoop } from './event-loop.ts';

function bench(step: (event: string, loop: EventLoop<string>) => void = () => undefined) {
  const clock = manualClock(0);
  const log: string[] = [];
  let wakeMs: number | undefined;
  const loop: EventLoop<string> = new EventLoop({
    clock,
    step(event) {
      log.push(`${event} begins`);
      step(event, loop);
      log.push(`${event} ends`);
    },
    settled: () => log.push('settled'),
    wakeMs: () => wakeMs,
    wake: () => log.push(`woken at ${clock.nowMs()}`),
  });
  return {
    clock,
    log,
    loop,
    wakeAt(atMs: number | undefined) {
      wakeMs = atMs;
    },
  };
}

it('takes an event that an effect causes after the one at hand', () => {
  const { loop, log } = bench((event, own) => event === 'first' && own.take('second'));
  loop.take('first');
  expect(log).toEqual(['first begins', 'first ends', 'second begins', 'second ends', 'settled']);
});

it('wakes once, at the time asked for last', () => {
  const { loop, log, clock, wakeAt } = bench();
  wakeAt(100);
  loop.take('first');
  wakeAt(300);
  loop.take('second');
  log.length = 0;
  clock.advance(1_000);
  expect(log).toEqual(['woken at 300']);
});

it('takes and wakes nothing once it is stopped', () => {
  const { loop, log, clock, wakeAt } = bench();
  wakeAt(100);
  loop.take('first');
  loop.stop();
  log.length = 0;
  loop.take('second');
  clock.advance(1_000);
  expect(log).toEqual([]);
});

it('goes on after an effect that throws', () => {
  const { loop, log } = bench((event) => {
    if (event === 'bad') throw new Error('bad');
  });
  expect(() => loop.take('bad')).toThrow('bad');
  loop.take('good');
  expect(log).toContain('good ends');
});
