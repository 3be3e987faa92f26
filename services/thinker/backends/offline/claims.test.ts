import { expect, it } from 'vitest';
import { manualClock } from '#shared/time/manual-clock.ts';
import { Claims } from './claims.ts';

const never = new AbortController().signal;

it.each([
  [0, true],
  [1, true],
  [2, false],
  [3, true],
] as const)('a sentence of layer %i is claimed by somebody else: %s', async (layer, claimed) => {
  const claims = new Claims(manualClock());
  const answer = claims.claimed('volume up', never);
  claims.decided({ text: 'something else', layer: 2 });
  claims.decided({ text: ' volume up', layer });
  expect(await answer).toBe(claimed);
});

it('a router that is away claims nothing', async () => {
  const clock = manualClock();
  const answer = new Claims(clock).claimed('volume up', never);
  clock.advance(250);
  expect(await answer).toBe(false);
});

it('nobody is waited for after an abort', async () => {
  const claims = new Claims(manualClock());
  const controller = new AbortController();
  const answer = claims.claimed('volume up', controller.signal);
  controller.abort();
  expect(await answer).toBe(false);
  expect(await claims.claimed('volume up', controller.signal)).toBe(false);
});
