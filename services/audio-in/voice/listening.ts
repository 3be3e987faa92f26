import { levelOf } from '#shared/audio/level.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { Level } from '#shared/contract/audio-in.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { SampleClock } from '../microphone/sample-clock.ts';
import { gateDbfs, NO_ECHO, nextEchoGate } from './echo-gate.ts';
import { SampleRing } from './sample-ring.ts';
import { WINDOW_SAMPLES } from './silero-network.ts';
import { timbreOf } from './timbre.ts';
import { type UtteranceOptions, type UtteranceOutput, Utterances } from './utterances.ts';
import { HOP_SAMPLES, type VoiceActivity } from './voice-activity.ts';

/** Longest pre-roll (2 s) and minimum speech (5 s) together, with room to spare. */
const RING_SAMPLES = 16 * MICROPHONE_RATE_HZ;
const LEVEL_SAMPLES = MICROPHONE_RATE_HZ / 5;

export interface ListeningOptions extends Omit<UtteranceOptions, 'gateDbfs' | 'humIsSpeech'> {
  echo: Settings['echo'];
  /** Whether the loudspeaker is in the middle of a reply. */
  assistantSpeaking: boolean;
}

export type ListeningOutput = UtteranceOutput | { kind: 'level'; level: Level };

/** From samples to utterances: keeps the newest sound, asks the voice detector, cuts utterances, measures the level. */
export class Listening {
  private readonly voice: VoiceActivity;
  private readonly ring = new SampleRing(RING_SAMPLES);
  private readonly sampleClock = new SampleClock(MICROPHONE_RATE_HZ);
  private readonly utterances: Utterances;
  /** Where the next window begins. */
  private heard = 0;
  private measured = 0;
  private loudestProbability = 0;
  private echoGate = NO_ECHO;

  constructor(voice: VoiceActivity, firstUtterance: number) {
    this.voice = voice;
    this.utterances = new Utterances(this.ring, firstUtterance, (position) => this.timeMs(position));
  }

  /** Unix milliseconds at which the sample at `position` was captured. */
  timeMs(position: number): number {
    return this.sampleClock.timeMs(position);
  }

  /** @param samples 16 kHz mono, following on the last ones. @param atMs when they arrived. */
  accept(samples: Int16Array, atMs: number, options: ListeningOptions): ListeningOutput[] {
    const outputs: ListeningOutput[] = [];
    // A chunk larger than the ring would overwrite what has not been judged yet.
    for (let offset = 0; offset < samples.length; offset += WINDOW_SAMPLES) {
      const piece = samples.subarray(offset, offset + WINDOW_SAMPLES);
      this.ring.append(piece);
      this.sampleClock.arrived(
        this.ring.head,
        atMs - ((samples.length - offset - piece.length) * 1000) / MICROPHONE_RATE_HZ,
      );
      while (this.heard + WINDOW_SAMPLES <= this.ring.head) outputs.push(...this.judge(options));
      outputs.push(...this.utterances.frames());
      if (this.measured + LEVEL_SAMPLES <= this.ring.head) outputs.push(this.measure());
    }
    return outputs;
  }

  /** The microphone was taken away: what comes next follows on nothing. */
  cut(how: 'ended' | 'discarded'): ListeningOutput[] {
    const outputs = this.utterances.cut(how);
    this.voice.reset();
    this.sampleClock.restart();
    this.heard = this.ring.head;
    this.measured = this.ring.head;
    return outputs;
  }

  private judge(options: ListeningOptions): ListeningOutput[] {
    const samples = this.ring.read(this.heard, this.heard + WINDOW_SAMPLES);
    const probability = this.voice.probability(samples);
    const timbre = timbreOf(samples);
    const window = { position: this.heard, samples: WINDOW_SAMPLES, newSamples: HOP_SAMPLES, probability, timbre };
    this.heard += HOP_SAMPLES;
    this.loudestProbability = Math.max(this.loudestProbability, probability);
    const outputs = this.utterances.hear(window, {
      ...options,
      humIsSpeech: !options.assistantSpeaking,
      gateDbfs: gateDbfs(this.echoGate, options.echo),
    });
    this.echoGate = nextEchoGate(this.echoGate, {
      samples: HOP_SAMPLES,
      levelDbfs: timbre.levelDbfs,
      speaking: options.assistantSpeaking,
      personSpeaking: this.utterances.personSpeaking,
    });
    return outputs;
  }

  private measure(): ListeningOutput {
    const end = this.measured + LEVEL_SAMPLES;
    const { rms, peak } = levelOf(this.ring.read(this.measured, end));
    const level = { rms, peak, probability: this.loudestProbability, at: this.timeMs(end) };
    this.measured = end;
    this.loudestProbability = 0;
    return { kind: 'level', level };
  }
}
