import { startTestStack } from '../test/integration/harness/test-stack.ts';
import { createVirtualSoundCard } from '../test/integration/harness/virtual-sound-card.ts';
import { SPEECH_FOLDERS, soundsIn } from './sounds.ts';
import { layer2Row, loudspeakerRows } from './switches/at-once.ts';
import { claimRows } from './switches/beforehand.ts';
import { bargeInRounds, echoRounds, lengthRounds, thresholdRounds } from './switches/claims.ts';
import { Scene } from './switches/scene.ts';
import { faintVoices, longVoices, NEVER_MS, shortVoices } from './switches/voices.ts';
import type { BenchRow, BenchTable } from './table.ts';

const TRIALS = Number(process.env['CORTEX_BENCH_TRIALS'] ?? 20);

/**
 * Every run-time switch through real processes on the virtual sound card: how long after its publishing it is obeyed, or that
 * it is obeyed for a sound which comes less than 100 ms after it.
 */
export async function benchSwitches(): Promise<BenchTable> {
  const card = await createVirtualSoundCard();
  const rows: BenchRow[] = [];
  try {
    const recorded = (await soundsIn(...SPEECH_FOLDERS)).filter(({ name }) => name !== 'Noise.wav');
    // Beforehand: a busy processor would be late for everything.
    const [short, faint, long] = [shortVoices(recorded), faintVoices(recorded), longVoices(recorded)];
    const stack = await startTestStack(card.env);
    try {
      const scene = await Scene.of(card, stack);
      await stack.start('speaker', { CORTEX_AUDIO_OUTPUT: 'auto' });
      rows.push(...(await loudspeakerRows(scene, stack.connect('audio-in'), TRIALS)));
      const env = { CORTEX_AUDIO_INPUT: 'portaudio', VAD_MIN_SPEECH_MS: String(NEVER_MS) };
      const audioIn = await stack.start('audio-in', env);
      await audioIn.logged(({ msg }) => msg === 'microphone open');
      const trials = TRIALS;
      rows.push(...(await claimRows(scene, { rounds: bargeInRounds(), voices: short, replying: true, trials })));
      rows.push(
        ...(await claimRows(scene, { rounds: echoRounds(), voices: short.slice(0, 1), replying: true, trials })),
      );
      await scene.silence();
      rows.push(...(await claimRows(scene, { rounds: thresholdRounds(), voices: faint, replying: false, trials })));
      rows.push(...(await claimRows(scene, { rounds: lengthRounds(), voices: long, replying: false, trials })));
      rows.push(await layer2Row(scene, stack, TRIALS));
    } finally {
      await stack.close();
    }
  } finally {
    await card.close();
  }
  return {
    title: 'Run-time switches, ms from publishing to the effect, or to the sound for which it was obeyed',
    rows,
  };
}
