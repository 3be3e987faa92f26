import { speakWithEspeak } from '#shared/audio/espeak.ts';
import { createResampler } from '#shared/audio/resampler.ts';
import { readWav } from '#shared/audio/wav.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { SimulatorState } from '../../simulator/control/state-report.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import type { Pm2Stack } from '../../test/integration/harness/pm2-stack.ts';
import { withNoise } from './align.ts';

/** Lets the stack's simulator play another scenario. */
export async function loadScenario(stack: Pm2Stack, scenario: Scenario): Promise<void> {
  const response = await fetch(`${stack.simulatorUrl}/control/scenario`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(scenario),
  });
  if (!response.ok) throw new Error(`the simulator refuses the scenario: ${await response.text()}`);
}

/** What Gemini got as spoken questions since then, one piece an activity; a reconnection puts the same question again, whole. */
export async function heardByGemini(stack: Pm2Stack, sinceMs: number): Promise<Int16Array[]> {
  const state = (await (await fetch(`${stack.simulatorUrl}/control/state`)).json()) as SimulatorState;
  const heard: Int16Array[] = [];
  for (const { connection, activities } of state.sessions) {
    for (const { number, startedAtMs } of activities) {
      if (startedAtMs < sinceMs) continue;
      const range = `connection=${connection}&activity=${number}`;
      const response = await fetch(`${stack.simulatorUrl}/control/audio?${range}`);
      heard.push(readWav(new Uint8Array(await response.arrayBuffer())).samples);
    }
  }
  return heard;
}

/** Somebody who talks without a pause, every sample of it different. */
export async function longSpeech(seconds: number): Promise<Int16Array> {
  const text = 'the quick brown fox jumps over the lazy dog and then it runs along the river to the old stone bridge ';
  const voice = await speakWithEspeak(text.repeat(Math.ceil(seconds / 5)));
  const resampler = await createResampler(voice.sampleRateHz, MICROPHONE_RATE_HZ);
  return withNoise(resampler.process(voice.samples).slice(0, seconds * MICROPHONE_RATE_HZ));
}
