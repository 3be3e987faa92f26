import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { route } from '../routing/route.ts';

interface Expected {
  split: string;
  route: string;
  text: string;
}

const [, ...rows] = readFileSync(new URL('utterances.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const all: Expected[] = rows.map((row) => {
  const [split = '', layer = '', intent = '', text = ''] = row.split('\t');
  return { split, route: `${layer} ${intent}`, text };
});
const tuned = all.filter(({ split }) => split === 'tuned');
const heldOut = all.filter(({ split }) => split === 'held-out');

function routedAs(text: string): string {
  const found = route(text);
  return found ? `${found.layer} ${found.intent}` : '- ignored';
}

function mistakesIn(part: readonly Expected[]): { accuracy: number; list: string[] } {
  const list = part.flatMap((row) => {
    const got = routedAs(row.text);
    return got === row.route ? [] : [`"${row.text}": ${got}, expected ${row.route}`];
  });
  return { accuracy: 1 - list.length / part.length, list };
}

// The floors differ: the rules were written with the tuned part in view; the held-out part was written after them and
// is measured only, never tuned for. Whoever mends a rule because of a held-out sentence moves that sentence to tuned.
test.each([
  { name: 'all', part: all, floor: 0.97 },
  { name: 'tuned', part: tuned, floor: 0.97 },
  { name: 'held-out', part: heldOut, floor: 0.9 },
])('of $name utterances at least $floor are routed as expected', ({ name, part, floor }) => {
  const { accuracy, list } = mistakesIn(part);
  process.stdout.write(`router accuracy, ${name}: ${(accuracy * 100).toFixed(1)} % of ${part.length}\n`);
  expect(accuracy, list.join('\n')).toBeGreaterThanOrEqual(floor);
});

test('a held-out sentence the rules do not know goes to the thinker, which can answer it, and hardly ever elsewhere', () => {
  const harmful = heldOut.filter(({ text, route: expected }) => {
    const got = routedAs(text);
    return got !== expected && !got.startsWith('2 ');
  });
  expect(harmful.length / heldOut.length, harmful.map(({ text }) => text).join('\n')).toBeLessThan(0.03);
});

test('the evaluation set has at least 200 different utterances, 100 of them held out', () => {
  expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  expect(all.length).toBeGreaterThanOrEqual(200);
  expect(heldOut.length).toBeGreaterThanOrEqual(100);
});
