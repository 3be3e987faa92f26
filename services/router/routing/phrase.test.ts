import { expect, test } from 'vitest';
import { compilePhrase } from './phrase.ts';

test.each([
  ['stop', 'whole', 'stop', true],
  ['stop', 'whole', 'stop it', false],
  ['stop', 'anywhere', 'the bus stop here', true],
  ['stop', 'anywhere', 'nonstop', false],
  ['stop', 'begins', 'stopping', false],
  ['turn [it] (up|down again)', 'whole', 'turn down again', true],
  ['turn [it] (up|down again)', 'whole', 'turn it up', true],
  ['turn [it] (up|down again)', 'whole', 'turn it', false],
  ['where is my _', 'whole', 'where is my', false],
  ['where is my _', 'whole', 'where is my white cane', true],
  ['find *', 'whole', 'find', true],
] as const)('"%s" (%s) in "%s": %s', (notation, anchor, sentence, found) => {
  expect(compilePhrase(notation, anchor).find(sentence) !== undefined).toBe(found);
});

test('wildcard words do not count as spelled, and the numeral is read', () => {
  expect(compilePhrase('find _ quickly', 'whole').find('find the red door quickly')).toMatchObject({ spelledWords: 2 });
  expect(compilePhrase('volume [to] #', 'whole').find('volume to 35')).toMatchObject({ number: 35 });
});

test('a phrase with unmatched brackets is refused by name', () => {
  expect(() => compilePhrase('turn (up', 'whole')).toThrow('"turn (up"');
});
