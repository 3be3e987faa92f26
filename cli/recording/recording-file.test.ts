import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headLine, messageLine, readRecording } from './recording-file.ts';
import { isReplayed } from './replay.ts';

const message = fc.record({
  afterMs: fc.nat().map((tenths) => tenths / 10),
  topic: fc.string({ minLength: 1 }),
  retained: fc.boolean(),
  payload: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
});

test('any payload comes out of a recording as it went in', () => {
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      expect(readRecording(headLine(0) + messages.map(messageLine).join(''), 'file')).toEqual(messages);
    }),
  );
});

test('text stays readable', () => {
  const payload = Buffer.from('{"text":"Grüße"}');
  expect(messageLine({ afterMs: 0, topic: 'thinker/say', retained: false, payload })).toContain('Grüße');
});

test('a last line that was cut off is left out', () => {
  const line = messageLine({ afterMs: 0, topic: 'a', retained: false, payload: Buffer.from('b') });
  expect(readRecording(`${headLine(0)}${line}${line.slice(0, 12)}`, 'file')).toHaveLength(1);
});

test.each([
  ['', 'evening.jsonl is no recording'],
  [`${headLine(0)}{"topic":"a"}\n`, 'evening.jsonl, line 2'],
])('%j is refused by name', (content, words) => {
  expect(() => readRecording(content, 'evening.jsonl')).toThrow(words);
});

test.each([
  ['thinker/turn', undefined, true],
  ['control/privacy', undefined, false],
  ['control/privacy', ['control'], false],
  ['audio-in/handover', undefined, false],
  ['thinker/status', undefined, false],
  ['audio-in/pcm', ['audio-in'], true],
  ['audio-in/pcm', ['audio-in/pcm'], true],
  ['audio-in/pcm', ['audio'], false],
])('%s, of %j: replayed is %s', (topic, only, replayed) => {
  expect(isReplayed({ topic }, only)).toBe(replayed);
});
