import { AlertVoice } from './alerts/alert-voice.ts';
import { nextPlayout } from './playout/playout.ts';
import { initialPlayout, type PlayoutEffect, type PlayoutEvent, type PlayoutState } from './playout/playout-state.ts';
import { ReplySamples } from './playout/reply-samples.ts';

type Sounded = Extract<PlayoutEffect, { type: 'sounded' }>;

export type PlayerNews = Exclude<PlayoutEffect, { type: 'sounded' | 'forgotten' }> | { type: 'refused'; turn: number };

/** Voice and alerts over it, as the samples a device asks for. No I/O and no clock: the device's pulls move it. */
export class Player {
  readonly alerts = new AlertVoice();
  private readonly samples = new ReplySamples();
  private readonly listener: (news: PlayerNews) => void;
  private playout: PlayoutState = initialPlayout;
  private silence = new Int16Array(0);
  private plain: PlainRun = { samples: 0 };
  /** To be dropped once the stretches of the same step have been read. */
  private readonly forgotten = new Set<number>();

  /** @param listener hears what the playout has to tell, inside the call that caused it. */
  constructor(listener: (news: PlayerNews) => void) {
    this.listener = listener;
  }

  get state(): PlayoutState {
    return this.playout;
  }

  /** Samples of a turn, in order of position. */
  append(turn: number, from: number, samples: Int16Array): void {
    if (!this.samples.append(turn, from, samples)) this.listener({ type: 'refused', turn });
    else this.tell({ type: 'received', turn, from, to: from + samples.length });
  }

  tell(event: PlayoutEvent): void {
    this.step(event);
    this.forget();
  }

  /** How many of the newest samples may be taken back, and should be, because others ought to sound in their place. */
  get obsoleteSamples(): number {
    const { turn, end, samples } = this.plain;
    if (samples === 0) return 0;
    const { current, moving, holds, doomed, level } = this.playout;
    if (turn === undefined) return !moving && this.soundsNext() ? samples : 0;
    const position = this.playout.turns.find((plan) => plan.turn === turn)?.position;
    if (!moving || current !== turn || position !== end) return 0;
    return holds.length > 0 || doomed || level.left > 0 || !this.alerts.isSilent ? samples : 0;
  }

  /** Whether what is obsolete is silence, so that it would be missed by nobody. */
  get obsoleteIsSilence(): boolean {
    return this.plain.turn === undefined;
  }

  /** The device has given back the newest `samples`, no more than are obsolete. */
  takeBack(samples: number): void {
    this.plain = { samples: 0 };
    this.tell({ type: 'takenBack', samples });
  }

  /**
   * The next `count` samples for the device, 24 kHz mono. Not to be written to: silence is always the same block.
   * @param alertLevel gain of alerts, apart from that of replies.
   */
  render(count: number, alertLevel: number): Int16Array {
    // Two hundred times a second for all the time nobody says a word: not worth a mix.
    if (isIdle(this.playout) && this.alerts.isSilent) {
      this.plain = { samples: (this.plain.turn === undefined ? this.plain.samples : 0) + count };
      return this.silenceOf(count);
    }
    const isSteady = this.alerts.isSilent && isAtRest(this.playout);
    const stretches = this.step({ type: 'pulled', samples: count });
    this.plain = isSteady ? this.plainWith(stretches, count) : { samples: 0 };
    const [only] = stretches;
    const untouched = only?.count === count && isUntouched(only) && this.alerts.isSilent;
    const block = untouched ? this.copy(only) : this.mix(stretches, count, alertLevel);
    this.forget();
    return block;
  }

  /** The run of plain samples after a pull of `count` more. */
  private plainWith(stretches: readonly Sounded[], count: number): PlainRun {
    const { turn, samples } = this.plain;
    const [only] = stretches;
    if (!only) return { samples: (turn === undefined ? samples : 0) + count };
    const end = only.from + only.count;
    const goesOn = this.playout.moving && this.playout.current === only.turn;
    const position = this.playout.turns.find((plan) => plan.turn === only.turn)?.position;
    const isPlain = only.count === count && only.fade.step === 0 && only.fade.from === 1 && goesOn && position === end;
    if (!isPlain) return { samples: 0 };
    const before = turn === only.turn && this.plain.end === only.from ? samples : 0;
    return { turn: only.turn, end, samples: before + count };
  }

  private soundsNext(): boolean {
    if (!this.alerts.isSilent) return true;
    if (this.playout.turns.length === 0) return false;
    const { effects } = nextPlayout(this.playout, { type: 'pulled', samples: 1 });
    return effects.some(({ type }) => type === 'sounded');
  }

  private copy({ turn, from, count }: Sounded): Int16Array {
    const block = new Int16Array(count);
    this.samples.read(turn, from, count, (index, sample) => {
      block[index] = sample;
    });
    return block;
  }

  private mix(stretches: readonly Sounded[], count: number, alertLevel: number): Int16Array {
    const mix = new Float64Array(count);
    for (const { turn, from, count: length, offset, fade, level } of stretches) {
      this.samples.read(turn, from, length, (index, sample) => {
        const middle = index + 0.5;
        mix[offset + index] = sample * (fade.from + fade.step * middle) * (level.from + level.step * middle);
      });
    }
    this.alerts.render(count, (index, sample) => {
      mix[index] = (mix[index] ?? 0) + sample * alertLevel;
    });
    return Int16Array.from(mix, (value) => Math.max(-32_768, Math.min(32_767, Math.round(value))));
  }

  private silenceOf(count: number): Int16Array {
    if (this.silence.length !== count) this.silence = new Int16Array(count);
    return this.silence;
  }

  private forget(): void {
    for (const turn of this.forgotten) this.samples.forget(turn);
    this.forgotten.clear();
  }

  /** Takes the step, passes on the news, and returns what is to sound. */
  private step(event: PlayoutEvent): Sounded[] {
    const { state, effects } = nextPlayout(this.playout, event);
    this.playout = state;
    const stretches: Sounded[] = [];
    for (const effect of effects) {
      if (effect.type === 'sounded') stretches.push(effect);
      else if (effect.type === 'forgotten') this.forgotten.add(effect.turn);
      else this.listener(effect);
    }
    return stretches;
  }
}

/** The newest samples handed over, as far as they lie in a row and have left no trace in the playout but their position. */
interface PlainRun {
  /** Undefined: silence. */
  turn?: number;
  /** Where the turn goes on after them. */
  end?: number;
  samples: number;
}

/** No gain is on its way, and no turn on its way out: a pull changes nothing but the position. */
function isAtRest({ level, fade, leaving }: PlayoutState): boolean {
  return level.left === 0 && fade.left === 0 && leaving.length === 0;
}

/** At full gain all through. */
function isUntouched({ fade, level }: Sounded): boolean {
  return fade.step === 0 && level.step === 0 && fade.from === 1 && level.from === 1;
}

/** Nothing to play and nothing on its way through the device, so that a pull would change nothing. */
function isIdle({ turns, leaving, level }: PlayoutState): boolean {
  return turns.length === 0 && leaving.length === 0 && level.left === 0;
}
