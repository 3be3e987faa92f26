import { levelOf } from '#shared/audio/level.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { HandoverState, Level } from '#shared/contract/audio-in.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { SampleClock } from '../microphone/sample-clock.ts';
import { gateDbfs, isSettled, NO_ECHO, nextEchoGate } from './echo-gate.ts';
import type { VoiceWindow } from './endpointing.ts';
import { Hints } from './hints.ts';
import { findJoint, JOINT_WITHIN_SAMPLES, samplesOf } from './joining.ts';
import { SampleRing } from './sample-ring.ts';
import { WINDOW_SAMPLES } from './silero-network.ts';
import { timbreOf } from './timbre.ts';
import { type UtteranceOptions, type UtteranceOutput, Utterances } from './utterances.ts';
import { HOP_SAMPLES, type VoiceActivities, type VoiceActivity } from './voice-activity.ts';

/** Longest pre-roll (2 s) and minimum speech (5 s) together, with room to spare. */
const RING_SAMPLES = 16 * MICROPHONE_RATE_HZ;
/** What a process that waits for its predecessor to leave remembers of its own judgement: 4 s. */
const MAX_AHEAD = 250;
/** How much of the newest sound a successor gets, so that it has our pre-roll even if it has just begun to listen. */
const HANDED_OVER_SAMPLES = MICROPHONE_RATE_HZ;
/** Looking for the splice costs some 10 ms, so it is not done for every 10 ms of new sound. */
const SPLICE_EVERY_SAMPLES = 0.05 * MICROPHONE_RATE_HZ;
/**
 * Longer than a handover takes on a busy machine: where the clock says more, it was set since the predecessor was started, and the
 * joint is about where we were when we were told.
 */
const CLOCKS_APART_SAMPLES = 2 * MICROPHONE_RATE_HZ;
/** Longer than the way from *possible* to the end of the echo: bus, sound server, canceller and room on a busy machine. */
const UNSETTLED_SPEECH_SAMPLES = 0.8 * MICROPHONE_RATE_HZ;
const LEVEL_SAMPLES = MICROPHONE_RATE_HZ / 5;

export interface ListeningOptions extends Omit<UtteranceOptions, 'gateDbfs' | 'humIsSpeech'> {
  echo: Settings['echo'];
  /** Whether the loudspeaker is in the middle of a reply. */
  assistantSpeaking: boolean;
  /** Nobody here decides about utterances: Gemini does (`VAD_MODE=server`). */
  continuous: boolean;
}

type PredecessorState = Omit<HandoverState, 'state' | 'pid'>;

/** How a successor joined its capture to its predecessor's. */
export interface Splice {
  outputs: ListeningOutput[];
  /** By the samples themselves; otherwise by the clock. */
  matched: boolean;
  /** What the clock would have got wrong. */
  offsetSamples: number;
}

export type ListeningOutput = UtteranceOutput | { kind: 'level'; level: Level };

/** From samples to utterances: keeps the newest sound, asks the voice detector, cuts utterances, measures the level. */
export class Listening {
  private readonly voice: VoiceActivity;
  private readonly hints: Hints;
  private readonly ring = new SampleRing(RING_SAMPLES, RING_SAMPLES);
  private readonly sampleClock = new SampleClock(MICROPHONE_RATE_HZ);
  private readonly utterances: Utterances;
  /** Where the next window begins. */
  private heard = RING_SAMPLES;
  private measured = RING_SAMPLES;
  private loudestProbability = 0;
  private echoGate = NO_ECHO;
  private publishing = false;
  private streamWanted = false;
  /** Judged while another process still has the microphone. */
  private ahead: VoiceWindow[] = [];
  private splicedAt = 0;
  /** How far we were when the predecessor's handover came. */
  private toldAt = 0;
  /** The first sample since the device was opened. */
  private captureBegan = RING_SAMPLES;

  constructor({ voice, eager }: VoiceActivities, firstUtterance: number) {
    this.voice = voice;
    this.hints = new Hints(eager);
    this.utterances = new Utterances(this.ring, firstUtterance, (position) => this.timeMs(position));
  }

  /** How much has been captured without a gap, in samples. */
  get capturedSamples(): number {
    return this.ring.head - this.captureBegan;
  }

  /** Unix milliseconds at which the sample at `position` was captured. */
  timeMs(position: number): number {
    return this.sampleClock.timeMs(position);
  }

  /** @param samples 16 kHz mono, following on the last ones. @param atMs when they arrived. */
  accept(samples: Int16Array, atMs: number, options: ListeningOptions): ListeningOutput[] {
    const outputs: ListeningOutput[] = [];
    // Not before there is sound for it: with the device closed or blocked there is nothing to stream.
    if (this.streamWanted && this.publishing) this.utterances.openContinuous();
    // A chunk larger than the ring would overwrite what has not been judged yet.
    for (let offset = 0; offset < samples.length; offset += WINDOW_SAMPLES) {
      const piece = samples.subarray(offset, offset + WINDOW_SAMPLES);
      this.ring.append(piece);
      this.sampleClock.arrived(
        this.ring.head,
        atMs - ((samples.length - offset - piece.length) * 1000) / MICROPHONE_RATE_HZ,
      );
      while (this.heard + WINDOW_SAMPLES <= this.ring.head) outputs.push(...this.judge(options));
      outputs.push(...this.whenPublishing(() => this.utterances.frames()));
      if (this.measured + LEVEL_SAMPLES <= this.ring.head) outputs.push(...this.whenPublishing(() => [this.measure()]));
    }
    return outputs;
  }

  /** The microphone was taken away: what comes next follows on nothing. */
  cut(how: 'ended' | 'discarded'): ListeningOutput[] {
    const outputs = this.whenPublishing(() => this.utterances.cut(how));
    this.ahead = [];
    this.voice.reset();
    this.hints.reset();
    this.sampleClock.restart();
    this.heard = this.ring.head;
    this.captureBegan = this.ring.head;
    this.measured = this.ring.head;
    // No pre-roll reaches back behind the gap, least of all to what was said before the user closed the microphone.
    this.utterances.beginHere();
    return outputs;
  }

  /** From now on everything is ours to publish, and nothing from before. */
  begin(): void {
    this.publishing = true;
    this.ahead = [];
    this.measured = this.ring.head;
    this.utterances.beginHere();
  }

  /** Continuous mode: whether there shall be a stream. It begins with the next sample, also after the device was away. */
  stream(wanted: boolean): ListeningOutput[] {
    this.streamWanted = wanted;
    return wanted ? [] : this.whenPublishing(() => this.utterances.closeContinuous());
  }

  /** Publishes nothing any more; the result is what a successor needs to go on at the very next sample. */
  leave(): PredecessorState {
    this.publishing = false;
    const reference = this.ring.head;
    // With the device closed there is nothing to join to, and what was heard before it was closed is nobody's business.
    const from = Math.max(this.captureBegan, reference - HANDED_OVER_SAMPLES);
    const samples = this.ring.read(from, reference);
    return {
      samples: Buffer.from(samples.buffer).toString('base64'),
      at: this.timeMs(reference),
      judged: this.heard - reference,
      ...this.utterances.handOver(reference),
    };
  }

  /** The predecessor has just said where it left; `splice` follows. */
  toldOfJoint(): void {
    this.toldAt = this.ring.head;
  }

  /**
   * Goes on where another process left: finds its last samples in our own, or trusts the clock where there is nothing to
   * find. @returns undefined while the sound has not come that far; call again with more of it.
   */
  splice(left: PredecessorState, options: ListeningOptions): Splice | undefined {
    if (this.ring.head - this.splicedAt < SPLICE_EVERY_SAMPLES) return undefined;
    this.splicedAt = this.ring.head;
    const byClock = this.jointByClock(left);
    if (left.samples === '' || byClock < this.captureBegan - JOINT_WITHIN_SAMPLES) {
      // The predecessor's device was closed, or it left long before our own came: nothing joins. What it had begun ends there.
      const splice = this.spliceAt(left, this.ring.head, options);
      const outputs = [...splice.outputs, ...this.utterances.cut('ended')];
      this.utterances.beginHere();
      return { ...splice, outputs };
    }
    const found = this.findJoint(left, byClock);
    const reference = found ?? byClock;
    if (reference > this.ring.head) return undefined;
    if (found === undefined && this.ring.head < byClock + JOINT_WITHIN_SAMPLES) return undefined;
    const splice = this.spliceAt(left, reference, options);
    return { ...splice, matched: found !== undefined, offsetSamples: reference - byClock };
  }

  /** As `splice`, with the sound there is: for a process that will hear no more of it. */
  spliceNow(left: PredecessorState, options: ListeningOptions): Splice {
    const byClock = Math.min(this.ring.head, this.jointByClock(left));
    // Where our own capture did not hear the joint, the predecessor's last sample is the last one.
    const reference = byClock < this.captureBegan ? this.ring.head : (this.findJoint(left, byClock) ?? byClock);
    return this.spliceAt(left, Math.min(this.ring.head, reference), options);
  }

  /** Takes back what the predecessor had begun: the user has closed the microphone. */
  discard(left: PredecessorState): ListeningOutput[] {
    this.adopt(left, this.ring.head);
    return this.cut('discarded');
  }

  /** Whether our own capture was there when the handover came. */
  private get listened(): boolean {
    return this.toldAt - this.captureBegan >= JOINT_WITHIN_SAMPLES;
  }

  private jointByClock(left: PredecessorState): number {
    const byClock = this.sampleClock.positionAt(left.at);
    return this.listened && Math.abs(byClock - this.toldAt) > CLOCKS_APART_SAMPLES ? this.toldAt : byClock;
  }

  private findJoint(left: PredecessorState, byClock: number): number | undefined {
    const own = { ring: this.ring, began: this.captureBegan };
    return findJoint(samplesOf(left.samples), own, byClock, this.listened ? this.toldAt : byClock);
  }

  /** @param reference where in our own capture the predecessor's last sample is, or just behind. */
  private spliceAt(left: PredecessorState, reference: number, options: ListeningOptions): Splice {
    const unjudged = this.ahead.filter(({ position }) => position > reference + left.judged - HOP_SAMPLES / 2);
    this.adopt(left, reference);
    const outputs: ListeningOutput[] = unjudged.flatMap((window) => this.utterances.hear(window, this.gated(options)));
    outputs.push(...this.utterances.frames());
    return { outputs, matched: false, offsetSamples: 0 };
  }

  private adopt(left: PredecessorState, reference: number): void {
    this.begin();
    this.ring.replaceBefore(reference, samplesOf(left.samples));
    this.utterances.adopt(left, reference);
  }

  private whenPublishing(act: () => ListeningOutput[]): ListeningOutput[] {
    return this.publishing ? act() : [];
  }

  private gated(options: ListeningOptions): UtteranceOptions {
    const suspicious = options.echo !== 'headphones' && options.assistantSpeaking && !isSettled(this.echoGate);
    const leastSamples = suspicious ? UNSETTLED_SPEECH_SAMPLES : 0;
    return {
      ...options,
      minSpeechSamples: Math.max(options.minSpeechSamples, leastSamples),
      humIsSpeech: !options.assistantSpeaking,
      gateDbfs: gateDbfs(this.echoGate, options.echo, options.assistantSpeaking),
    };
  }

  private judge(options: ListeningOptions): ListeningOutput[] {
    const samples = this.ring.read(this.heard, this.heard + WINDOW_SAMPLES);
    const probability = this.voice.probability(samples);
    const timbre = timbreOf(samples);
    // Only while the assistant speaks is anybody in a hurry; its own echo made louder would stop it.
    const hurry = options.assistantSpeaking && options.echo === 'headphones' && !options.continuous;
    const hint = this.hints.look(samples, { position: this.heard, levelDbfs: timbre.levelDbfs, hurry });
    const lengths = { samples: WINDOW_SAMPLES, newSamples: HOP_SAMPLES };
    const window = { position: this.heard, ...lengths, probability, hint, timbre };
    this.heard += HOP_SAMPLES;
    this.loudestProbability = Math.max(this.loudestProbability, probability);
    let outputs: UtteranceOutput[] = [];
    if (!this.publishing) this.ahead = [...this.ahead.slice(1 - MAX_AHEAD), window];
    else if (!options.continuous) outputs = this.utterances.hear(window, this.gated(options));
    this.hints.learn(probability >= options.threshold, outputs);
    this.echoGate = nextEchoGate(this.echoGate, {
      samples: HOP_SAMPLES,
      levelDbfs: timbre.levelDbfs,
      speaking: options.assistantSpeaking,
      personSpeaking: this.utterances.personSpeaking,
      discarded: outputs.some((output) => output.kind === 'speech' && output.event.state === 'discarded'),
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
