import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HEARD_START, type HeardState, readHeardLine } from './heard-line.ts';

function readAll(drops: readonly string[]): { heard: string[]; answer: string } {
  let state: HeardState = HEARD_START;
  const heard: string[] = [];
  let answer = '';
  for (const [index, drop] of drops.entries()) {
    const step = readHeardLine(state, drop, index === drops.length - 1);
    state = step.state;
    if (step.heard !== undefined) heard.push(step.heard);
    answer += step.answer;
  }
  return { heard, answer };
}

it.each([
  [['HEARD: what is ahead\nA door.'], ['what is ahead'], 'A door.'],
  [['HEA', 'RD: wh', 'at is', ' ahead', '\nA ', 'door.'], ['what is ahead'], 'A door.'],
  [['\n **HEARD:** "stop"\r\nFine.'], ['stop'], 'Fine.'],
  [['Heard:\nI heard nothing.'], [''], 'I heard nothing.'],
  [['HEARD: stop'], ['stop'], ''],
  [['A door', ' is ahead.'], [], 'A door is ahead.'],
  [['He is there.'], [], 'He is there.'],
  [['He'], [], 'He'],
  [['', ''], [], ''],
] as const)('%j is told apart', (drops, heard, answer) => {
  expect(readAll(drops)).toEqual({ heard, answer });
});

it('does not keep an answer back for a line that never ends', () => {
  const { heard, answer } = readAll(['HEARD: ', 'a'.repeat(2_000), 'the answer']);
  expect(heard[0]).toHaveLength(2_000);
  expect(answer).toBe('the answer');
});

it('tells the same however the output was divided into drops', () => {
  const output = fc
    .tuple(fc.constantFrom('HEARD: ', ' heard:', '**HEARD:** ', 'HEAR', 'He said ', ''), fc.string(), fc.string())
    .map(([mark, first, second]) => `${mark}${first}\n${second}`);
  fc.assert(
    fc.property(output, fc.array(fc.nat(60)), (whole, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut <= whole.length), whole.length].sort((a, b) => a - b);
      const drops = at.slice(1).map((end, index) => whole.slice(at[index], end));
      expect(readAll(drops)).toEqual(readAll([whole]));
    }),
  );
});
