import { describe, expect, it } from 'vitest';
import { readAplay } from './aplay-stderr.ts';

const METER = '\r#+                                                 | 00%';

describe("aplay's standard error", () => {
  it.each([
    ['one period', METER, 1, ''],
    ['three periods, the last cut short', METER + METER + METER.slice(0, 5), 3, ''],
    ['a loud one', '\r###################### | MAX', 1, ''],
    ['what it plays', "Playing raw data 'stdin' : Signed 16 bit Little Endian, Rate 24000 Hz, Mono\n", 0, ''],
    [
      'a device that is not there',
      'aplay: main:831: audio open error: No such file or directory\n',
      0,
      'audio open error: No such file or directory',
    ],
    ['a gap', `${METER}\nunderrun!!! (at least 23.456 ms long)\n`, 1, 'underrun!!! (at least 23.456 ms long)'],
    [
      'a rate it does not like',
      'Warning: rate is not accurate (requested = 24000Hz, got = 48000Hz)\n         please, try the plug plugin\n',
      0,
      'Warning: rate is not accurate (requested = 24000Hz, got = 48000Hz)',
    ],
    ['a machine without it', 'sh: 1: aplay: not found\n', 0, 'sh: 1: aplay: not found'],
  ])('tells of %s', (_what, text, periods, said) => {
    expect(readAplay(Buffer.from(text))).toEqual({ periods, said });
  });
});
