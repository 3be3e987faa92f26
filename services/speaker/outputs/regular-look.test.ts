import { expect, it } from 'vitest';
import { RegularLook } from './regular-look.ts';

it('a look that comes much too late says so, and the next one in time does not', () => {
  const look = new RegularLook(250, 1_000);
  expect([1_250, 1_700, 3_000, 3_250].map((nowMs) => look.wasHeldUp(nowMs))).toEqual([false, false, true, false]);
});
