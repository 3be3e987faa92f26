import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { TestStack } from './test-stack.ts';

const FRAME_SAMPLES = MICROPHONE_RATE_HZ / 50;

/** Publishes a second of a faint hum as one utterance, all at once, in audio-in's place. */
export async function speakUtterance(stack: TestStack): Promise<void> {
  const audioIn = stack.connect('audio-in');
  const utterance = Math.floor(Date.now() / 1_000);
  const channels = { pcm: microphonePcm, resend: microphoneResend };
  const microphone = await startPcmPublisher(audioIn, channels, 30 * MICROPHONE_RATE_HZ);
  const tell = (state: 'possible' | 'started' | 'ended') =>
    audioIn.publish(speech, { utterance, state, probability: 0.9, speechMs: 1_000, at: Date.now() });
  tell('possible');
  tell('started');
  for (let index = 0; index < 50; index += 1) {
    const samples = new Int16Array(FRAME_SAMPLES).fill(100);
    const place = { stream: utterance, position: index * FRAME_SAMPLES, first: index === 0, last: index === 49 };
    microphone.publish({ ...place, sampleRateHz: MICROPHONE_RATE_HZ, timeUs: 0, resent: false, samples });
  }
  tell('ended');
}
