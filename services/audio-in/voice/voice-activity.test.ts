import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readWav } from '#shared/audio/wav.ts';
import { WINDOW_SAMPLES } from './silero-network.ts';
import { HOP_SAMPLES, loadVoiceActivities, type VoiceActivity } from './voice-activity.ts';

/** A faint voice, of which the network is sure late at best. */
const question = readWav(readFileSync('services/audio-in/assets/sample-question.wav'))
  .samples.subarray(0, 32_000)
  .map((sample) => sample / 100);
const THRESHOLD = 0.35;

/** How often a voice was heard in what comes after `from`, and where first, in samples from there; windows overlap. */
function hear(voice: VoiceActivity, samples: Int16Array, from = 0) {
  let [first, count] = [Number.POSITIVE_INFINITY, 0];
  for (let at = 0; at + WINDOW_SAMPLES <= samples.length; at += HOP_SAMPLES) {
    if (voice.probability(samples.subarray(at, at + WINDOW_SAMPLES)) < THRESHOLD || at < from) continue;
    first = Math.min(first, at - from);
    count += 1;
  }
  return { first, count };
}

function after(silenceSamples: number, ...sounds: Int16Array[]): Int16Array {
  const samples = new Int16Array(sounds.reduce((sum, { length }) => sum + silenceSamples + length, 0));
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound, at + silenceSamples);
    at += silenceSamples + sound.length;
  }
  return samples;
}

describe('the voice detector', () => {
  it.each([1, 3, 10])('knows a second question after %i s of silence about as soon as the first', (seconds) => {
    // A multiple of a window's hop, so that both are cut into the same windows.
    const silence = HOP_SAMPLES * Math.round((seconds * 16_000) / HOP_SAMPLES);
    const { voice } = loadVoiceActivities();
    const alone = hear(voice, question);
    voice.reset();
    const second = hear(voice, after(silence, question, question), silence + question.length + silence);
    expect(second.first - alone.first).toBeLessThanOrEqual(4 * HOP_SAMPLES);
  });

  it('knows a faint voice earlier where it is in a hurry', () => {
    const { voice, eager } = loadVoiceActivities();
    expect(hear(eager, question).first).toBeLessThan(hear(voice, question).first);
  });

  it('hears nobody in a silence, however often it forgets it', () => {
    const hiss = Int16Array.from({ length: 160_000 }, (_none, at) => ((at * 7919) % 37) - 18);
    expect(hear(loadVoiceActivities().voice, hiss).count).toBe(0);
  });
});
