import { expect, test } from 'vitest';
import { requestsOf, sentencesOf } from './normalise.ts';
import { numeralsOf } from './numerals.ts';

test.each([
  ["What's the TIME?", ['what is the time']],
  ['Uh, um, stop.', ['stop']],
  ['Don’t stop', ['do not stop']],
  ["Isn't there a door?", ['is there a door']],
  ['Set it to fifty%!', ['set it to 50 percent']],
  ['Wait. What is this?', ['wait', 'what is this']],
  ['[Music]', []],
  ['♪♪ … ?!', []],
  ['Volume 3.5 please', ['volume 3 5 please']],
  ['Café', ['café']],
])('%j is read as %j', (transcript, sentences) => {
  expect(sentencesOf(transcript).map(({ text }) => text)).toEqual(sentences);
});

test('courtesies come off one by one, and something always remains', () => {
  expect(requestsOf('hey could you stop talking please').at(-1)).toBe('stop talking');
  expect(requestsOf('can you hear me')[0]).toBe('can you hear me');
  expect(requestsOf('please')).toEqual(['please']);
});

test.each([
  ['can you tell me what this is', 'what is this'],
  ['i do not know where i am', 'where am i'],
  ['louder louder', 'louder'],
])('"%s" also asks "%s"', (sentence, request) => {
  expect(requestsOf(sentence)).toContain(request);
});

test.each([
  ['Would you mind speaking up?', 'can you speak up'],
  ['Would you mind stopping now?', 'can you stop now'],
])('"%s" asks "%s"', (transcript, request) => {
  expect(sentencesOf(transcript)[0]?.text).toBe(request);
});

test.each([
  ['thirty five percent', '35 percent'],
  ['nine one one', '9 1 1'],
  ['that one', 'that one'],
  ['two hundred and ten', '210'],
  ['one hundred', '100'],
  ['twenty twenty', '20 20'],
  ['seven', '7'],
])('"%s" holds the numerals "%s"', (words, numerals) => {
  expect(numeralsOf(words)).toBe(numerals);
});
