import { samplesOf } from '../playout/playout-state.ts';
import { advance, type Ramp, rampTo, slopeOf, steady } from '../playout/ramp.ts';

/** One alert: an earcon, a sentence, or both. */
interface AlertSound {
  urgent: boolean;
  spoken: boolean;
  sentence: string | undefined;
  parts: Int16Array[];
  /** More of it is on its way (the sentence is still being synthesised). */
  open: boolean;
  position: number;
  fade: Ramp;
  /** Samples for which others have sounded before it. */
  waited: number;
  outdated(): void;
}

/** How an alert gets its sentence; without effect once the alert was cut. Two alerts may bear the same id. */
export interface AlertWords {
  append(samples: Int16Array): void;
  /** Nothing more of this alert will come. */
  close(): void;
}

/** More than this waiting is noise, not warning. */
const MAX_WAITING = 8;
/** What could not be said by then is about another moment: whoever walks is ten metres further on. */
const MAX_WAIT = samplesOf(8_000);
/** A pre-empted alert fades out in 5 ms at 24 kHz, so that the danger sound does not begin with a click. */
const CUT_SAMPLES = 120;

/** Alerts, one after the other; an urgent one pre-empts all others. Bounded in number and age: one too many is refused. Pure. */
export class AlertVoice {
  private waiting: AlertSound[] = [];
  private cut: AlertSound[] = [];

  /** What the reply has to do meanwhile: a sentence wants to be understood, a mere earcon can lie over quieter speech. */
  get demands(): 'nothing' | 'duck' | 'pause' {
    const [current] = this.waiting;
    if (!current) return 'nothing';
    return current.spoken ? 'pause' : 'duck';
  }

  /** Whether this sentence sounds or waits. What is urgent does not count: it is said as often as it is wanted. */
  says(sentence: string): boolean {
    return this.waiting.some((sound) => !sound.urgent && sound.sentence === sentence);
  }

  get isSilent(): boolean {
    return this.waiting.length === 0 && this.cut.length === 0;
  }

  /**
   * Undefined when too many are waiting. `spoken`: a sentence follows by `append`, and `close` ends it. `outdated` is called
   * where others have sounded for so long that this one is not played any more.
   */
  begin({
    urgent,
    spoken,
    sentence,
    earcon,
    outdated = () => undefined,
  }: {
    urgent: boolean;
    spoken: boolean;
    sentence?: string | undefined;
    earcon?: Int16Array;
    outdated?: () => void;
  }): AlertWords | undefined {
    const ahead = this.waiting.filter((other) => other.urgent || !urgent);
    if (ahead.length >= MAX_WAITING) return undefined;
    const sound: AlertSound = {
      urgent,
      spoken,
      sentence,
      parts: earcon ? [earcon] : [],
      open: spoken,
      position: 0,
      fade: steady(1),
      waited: 0,
      outdated,
    };
    const words: AlertWords = {
      append: (samples) => sound.parts.push(samples),
      close() {
        sound.open = false;
      },
    };
    const [current] = this.waiting;
    const isCut = current !== undefined && !ahead.includes(current);
    if (isCut) this.cut.push(cutOff(current));
    const behind = this.waiting.filter((other) => !ahead.includes(other) && !(isCut && other === current));
    this.waiting = [...ahead, sound, ...behind].slice(0, MAX_WAITING);
    return words;
  }

  /** Ends the spoken part of every alert: a person said stop. Earcons are shorter than the word. */
  hush(): void {
    const [current] = this.waiting;
    if (current?.spoken) this.cut.push(cutOff(current));
    this.waiting = this.waiting.filter((sound) => !sound.spoken);
  }

  /** Adds the next `count` samples to the mix through `add(index, sample)`. */
  render(count: number, add: (index: number, sample: number) => void): void {
    for (const sound of this.cut) play(sound, 0, count, add);
    this.cut = this.cut.filter((sound) => sound.fade.left > 0 && sound.parts.length > 0);
    this.grow(count);
    let offset = 0;
    for (let current = this.waiting[0]; current && offset < count; current = this.waiting[0]) {
      offset += play(current, offset, count, add);
      if (current.parts.length > 0) continue;
      if (current.open) return;
      this.waiting.shift();
    }
  }

  /** Those that wait have waited for `samples` more. */
  private grow(samples: number): void {
    const [, ...behind] = this.waiting;
    for (const sound of behind) sound.waited += samples;
    const outdated = behind.filter(({ waited }) => waited > MAX_WAIT);
    for (const sound of outdated) sound.outdated();
    this.waiting = this.waiting.filter((sound) => !outdated.includes(sound));
  }
}

/** What is left of a sound that has to make way: words that come now are none of it. */
function cutOff(sound: AlertSound): AlertSound {
  return { ...sound, parts: [...sound.parts], fade: rampTo(sound.fade, 0, CUT_SAMPLES) };
}

/** Plays what there is of one sound; returns how many samples that were. */
function play(sound: AlertSound, offset: number, end: number, add: (index: number, sample: number) => void): number {
  let index = offset;
  for (let part = sound.parts[0]; part && index < end; part = sound.parts[0]) {
    const run = Math.min(end - index, part.length - sound.position, sound.fade.left || Number.POSITIVE_INFINITY);
    const { from, step } = slopeOf(sound.fade);
    for (let k = 0; k < run; k += 1) add(index + k, (part[sound.position + k] ?? 0) * (from + step * (k + 0.5)));
    sound.fade = advance(sound.fade, run);
    sound.position += run;
    index += run;
    if (sound.position >= part.length) {
      sound.parts = sound.parts.slice(1);
      sound.position = 0;
    }
    if (sound.fade.target === 0 && sound.fade.left === 0) break;
  }
  return index - offset;
}
