import { expect, it } from 'vitest';
import { duration, megabytes, meterName, meterValue } from './format.ts';

it.each([
  [-5, '0 ms'],
  [949.6, '950 ms'],
  [1_400, '1.4 s'],
  [12_400, '12 s'],
  [185_000, '3 min 5 s'],
  [7_620_000, '2 h 7 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms read as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('reads a meter by the unit in its name', () => {
  expect(megabytes(1_500_000)).toBe('1.5 MB');
  expect(meterValue('rssBytes', 73_400_000)).toBe('73 MB');
  expect(meterValue('eventLoopDelayP99Ms', 11.23)).toBe('11 ms');
  expect(meterValue('messages', 12_345)).toBe('12,345');
  expect(meterName('busBadPayloads')).toBe('bus bad payloads');
});
