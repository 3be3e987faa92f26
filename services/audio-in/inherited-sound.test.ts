import { expect, it } from 'vitest';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { InheritedSound } from './inherited-sound.ts';

const frame = (stream: number, position: number): PcmFrame => ({
  sampleRateHz: 16_000,
  stream,
  position,
  timeUs: 0,
  first: position === 0,
  last: false,
  resent: false,
  samples: new Int16Array(320),
});

it('asks once for the beginning of an utterance that it has come in the middle of', () => {
  const sound = new InheritedSound();
  expect(sound.accept(frame(7, 640))).toEqual({ isNew: true, ask: { stream: 7, from: 0 } });
  expect(sound.accept(frame(7, 960))).toEqual({ isNew: true });
  expect(sound.accept(frame(7, 0))).toEqual({ isNew: true });
  expect(sound.accept(frame(8, 0))).toEqual({ isNew: true });
});

it('takes each frame once, however often it is sent', () => {
  const sound = new InheritedSound();
  sound.accept(frame(7, 0));
  expect(sound.accept(frame(7, 0))).toEqual({ isNew: false });
  expect(sound.accept(frame(8, 0))).toEqual({ isNew: true });
});
