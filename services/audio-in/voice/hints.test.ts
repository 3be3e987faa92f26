import { beforeEach, describe, expect, it } from 'vitest';
import { Hints } from './hints.ts';
import type { UtteranceOutput } from './utterances.ts';
import { HOP_SAMPLES, type VoiceActivity } from './voice-activity.ts';

const WINDOW = new Int16Array(512);

let heard: number;
let resets: number;
let hints: Hints;
let position: number;
beforeEach(() => {
  [heard, resets, position] = [0, 0, 0];
  const eager: VoiceActivity = {
    probability() {
      heard += 1;
      return 0.7;
    },
    reset() {
      resets += 1;
    },
  };
  hints = new Hints(eager);
});

function look(levelDbfs: number, hurry = true) {
  position += HOP_SAMPLES;
  return hints.look(WINDOW, { position, levelDbfs, hurry });
}

function speech(state: 'possible' | 'discarded'): UtteranceOutput {
  return { kind: 'speech', utterance: 1, event: { state, onset: 0, position, voicedSamples: 0, probability: 0 } };
}

/** Possible speech that is withdrawn. */
function mistake(sure: boolean): void {
  hints.learn(false, [speech('possible')]);
  hints.learn(sure, []);
  hints.learn(false, [speech('discarded')]);
}

describe('hints of a voice', () => {
  it('are looked for only in a hurry, and each time from nothing', () => {
    expect(look(-60, false)).toBeUndefined();
    expect(look(-60)).toMatchObject({ louderProbability: 0.7 });
    expect(look(-60, false)).toBeUndefined();
    expect([heard, resets]).toEqual([1, 1]);
  });

  it('tell how far a sound is above the room, which may become louder by 2 dB a second', () => {
    look(-60, false);
    expect(look(-35)?.aboveRoomDb).toBeCloseTo(25, 0);
    for (let second = 0; second < 10 * 62.5; second += 1) look(-35);
    expect(look(-35)?.aboveRoomDb).toBeCloseTo(5, 0);
  });

  it('are not looked for after two mistakes, for ten seconds', () => {
    look(-60);
    mistake(false);
    expect(look(-60)).toBeDefined();
    mistake(false);
    expect(look(-60)).toBeUndefined();
    position += 10 * 16_000;
    expect(look(-60)).toBeDefined();
  });

  it('do not mislead where the detector was sure, be it for a moment', () => {
    look(-60);
    for (let times = 0; times < 5; times += 1) mistake(true);
    expect(look(-60)).toBeDefined();
  });
});
