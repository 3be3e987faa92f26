import { expect, it } from 'vitest';
import { codedSignal, findCoded } from './coded-signal.ts';

const RAMP = 240;

it('takes the quieter samples of a ramp for those of the signal, wherever in the code it is', () => {
  for (let from = 0; from < 60_001; from += 97) {
    const before = codedSignal(from, RAMP);
    const after = codedSignal(from + RAMP, 2 * RAMP);
    const faded = after.map((sample, at) => (at < RAMP ? Math.round((sample * (at + 0.5)) / RAMP) : sample));
    const recording = Int16Array.from([...before, ...new Int16Array(RAMP), ...faded]);
    const found = findCoded(recording);
    expect(found, `from ${from}`).toMatchObject({ first: from, last: from + 3 * RAMP - 1, lost: 0, doubled: 0 });
  }
});

it('finds what is missing and what is heard twice', () => {
  const recording = Int16Array.from([...codedSignal(100, 50), ...codedSignal(170, 30), ...codedSignal(180, 40)]);
  expect(findCoded(recording)).toMatchObject({ first: 100, last: 219, lost: 20, doubled: 20, altered: 0 });
});
