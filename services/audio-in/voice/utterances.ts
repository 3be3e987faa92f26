import type { HandoverState } from '#shared/contract/audio-in.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { MICROPHONE_FRAME_SAMPLES, MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import {
  type Endpointing,
  type EndpointingEvent,
  type EndpointingOptions,
  nextEndpointing,
  SILENT,
  type VoiceWindow,
} from './endpointing.ts';
import type { SampleRing } from './sample-ring.ts';

export interface UtteranceOptions extends EndpointingOptions {
  /** Audio from before the onset that belongs to the utterance, in samples. */
  prerollSamples: number;
}

export type UtteranceOutput =
  | { kind: 'speech'; utterance: number; event: EndpointingEvent }
  | { kind: 'frame'; frame: PcmFrame };

export type UtteranceState = Pick<HandoverState, 'utterance' | 'spoken' | 'endpointing' | 'open'>;

interface OpenUtterance {
  utterance: number;
  /** Position in the ring of the stream's sample 0. */
  begin: number;
  /** Everything before this position has been published. */
  published: number;
}

/** More than the longest utterance (60 s) with the longest pre-roll; in continuous mode a stream is as old as the process. */
const LONGEST_STREAM_SAMPLES = 2 ** 31;

/**
 * Cuts the microphone into utterances: one PCM stream each, from the pre-roll to the silence that ended it. A stream
 * begins when speech has started, with everything since the pre-roll at once; a cough therefore publishes no audio.
 */
export class Utterances {
  private readonly ring: SampleRing;
  private readonly timeMs: (position: number) => number;
  private endpointing: Endpointing = SILENT;
  private utterance: number;
  private nextUtterance: number;
  private open: OpenUtterance | undefined;
  /** No sample belongs to two utterances: a pre-roll never reaches back behind this. */
  private spoken: number;

  /** @param firstUtterance number of the first utterance. @param timeMs when the sample at a position was captured. */
  constructor(ring: SampleRing, firstUtterance: number, timeMs: (position: number) => number) {
    this.ring = ring;
    this.utterance = firstUtterance;
    this.nextUtterance = firstUtterance;
    this.timeMs = timeMs;
    this.spoken = ring.head;
  }

  /** Whether a person is, as far as can be told, speaking. */
  get personSpeaking(): boolean {
    return this.endpointing.phase !== 'silent';
  }

  /** Judges the next window; its samples are in the ring. */
  hear(window: VoiceWindow, options: UtteranceOptions): UtteranceOutput[] {
    const { state, events } = nextEndpointing(this.endpointing, window, options);
    this.endpointing = state;
    return events.flatMap((event) => this.act(event, options));
  }

  /** The whole frames that the ring holds of the open utterance and that are not published yet. */
  frames(): UtteranceOutput[] {
    const { open } = this;
    return open
      ? this.publishUpTo(open, this.ring.head - ((this.ring.head - open.begin) % MICROPHONE_FRAME_SAMPLES))
      : [];
  }

  /**
   * The microphone was taken away. What was said so far still counts when the device was lost (`ended`) and does not
   * when the user closed it (`discarded`).
   */
  cut(how: 'ended' | 'discarded'): UtteranceOutput[] {
    const { endpointing } = this;
    this.endpointing = SILENT;
    if (endpointing.phase === 'silent') return this.closeContinuous(how === 'ended' ? this.ring.head : 0);
    const state = endpointing.phase === 'started' ? how : 'discarded';
    const { onset, voicedSamples } = endpointing;
    const event: EndpointingEvent = { state, onset, voicedSamples, position: this.ring.head, probability: 0 };
    return how === 'discarded' ? this.finish(event, this.open?.published ?? 0) : this.finish(event, event.position);
  }

  /** A stream without beginnings and ends of speech (`VAD_MODE=server`): open for as long as somebody wants to listen. */
  openContinuous(): void {
    if (this.open) return;
    this.utterance = this.nextUtterance;
    this.nextUtterance += 1;
    const begin = this.ring.head;
    this.open = { utterance: this.utterance, begin, published: begin };
  }

  /** @param end position of its end; what has been published already stays. */
  closeContinuous(end = this.ring.head): UtteranceOutput[] {
    const { open } = this;
    return open ? this.endStream(open, end) : [];
  }

  /** Forgets everything before the newest sample: nothing of it belongs to us. */
  beginHere(): void {
    this.spoken = this.ring.head;
  }

  /** Where everything stands, positions relative to `reference`. */
  handOver(reference: number): UtteranceState {
    const { endpointing: state, open } = this;
    const silent = { onset: 0, voicedSamples: 0, voicedUntil: 0, startPosition: 0 };
    const endpointing =
      state.phase === 'silent'
        ? { phase: state.phase, ...silent }
        : {
            phase: state.phase,
            onset: state.onset - reference,
            voicedSamples: state.voicedSamples,
            voicedUntil: state.voicedUntil - reference,
            startPosition: state.phase === 'started' ? state.startPosition - reference : 0,
          };
    return {
      utterance: this.utterance,
      spoken: this.spoken - reference,
      endpointing,
      ...(open && { open: { begin: open.begin - reference, published: open.published - reference } }),
    };
  }

  /** Goes on where another process stood. Positions it cannot have had are moved to the next it can: nothing here may throw for them. */
  adopt({ utterance, spoken, endpointing, open }: UtteranceState, reference: number): void {
    this.utterance = utterance;
    // Not with our own first number, which lies ahead by as many seconds as the other one has run: of what it has said, and we
    // may be asked for again, nobody could tell any more that it came shortly before.
    this.nextUtterance = utterance + 1;
    this.spoken = spoken + reference;
    if (open) {
      const published = Math.min(this.ring.head, Math.max(this.ring.tail, open.published + reference));
      const begin = Math.min(published, Math.max(published - LONGEST_STREAM_SAMPLES, open.begin + reference));
      this.open = { utterance, begin, published };
    } else this.open = undefined;
    const { phase, voicedSamples } = endpointing;
    const [onset, voicedUntil] = [endpointing.onset + reference, endpointing.voicedUntil + reference];
    if (phase === 'silent') this.endpointing = SILENT;
    else if (phase === 'possible') {
      this.endpointing = { phase, onset, voicedSamples, voicedUntil, timbres: [], certainWindows: 0 };
    } else {
      const startPosition = endpointing.startPosition + reference;
      this.endpointing = { phase, onset, voicedSamples, voicedUntil, startPosition };
    }
  }

  private act(event: EndpointingEvent, options: UtteranceOptions): UtteranceOutput[] {
    switch (event.state) {
      case 'possible':
        this.utterance = this.nextUtterance;
        this.nextUtterance += 1;
        return [{ kind: 'speech', utterance: this.utterance, event }];
      case 'started': {
        const begin = Math.max(event.onset - options.prerollSamples, this.spoken, this.ring.tail);
        this.open = { utterance: this.utterance, begin, published: begin };
        return [{ kind: 'speech', utterance: this.utterance, event }];
      }
      case 'ended':
      case 'discarded':
        return this.finish(event, event.position);
    }
  }

  private finish(event: EndpointingEvent, end: number): UtteranceOutput[] {
    const { open } = this;
    const speech: UtteranceOutput = { kind: 'speech', utterance: this.utterance, event };
    return open ? [...this.endStream(open, end), speech] : [speech];
  }

  private endStream(open: OpenUtterance, decided: number): UtteranceOutput[] {
    // Windows of our own lie beside those of a predecessor: the one that decides may end before what that one has published.
    const end = Math.max(decided, open.published);
    const wholeFrames = end - ((end - open.begin) % MICROPHONE_FRAME_SAMPLES);
    const outputs = this.publishUpTo(open, wholeFrames);
    outputs.push({ kind: 'frame', frame: this.frame(open, end, true) });
    this.open = undefined;
    this.spoken = end;
    return outputs;
  }

  private publishUpTo(open: OpenUtterance, end: number): UtteranceOutput[] {
    const outputs: UtteranceOutput[] = [];
    while (open.published + MICROPHONE_FRAME_SAMPLES <= end) {
      outputs.push({ kind: 'frame', frame: this.frame(open, open.published + MICROPHONE_FRAME_SAMPLES, false) });
    }
    return outputs;
  }

  private frame(open: OpenUtterance, end: number, last: boolean): PcmFrame {
    const from = open.published;
    open.published = end;
    return {
      sampleRateHz: MICROPHONE_RATE_HZ,
      stream: open.utterance,
      position: from - open.begin,
      timeUs: Math.round(this.timeMs(from) * 1000),
      first: from === open.begin,
      last,
      resent: false,
      samples: this.ring.read(from, end),
    };
  }
}
