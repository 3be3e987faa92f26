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

  /**
   * The next `count` samples for the device, 24 kHz mono. Not to be written to: silence is always the same block.
   * @param alertLevel gain of alerts, apart from that of replies.
   */
  render(count: number, alertLevel: number): Int16Array {
    // Two hundred times a second for all the time nobody says a word: not worth a mix.
    if (isIdle(this.playout) && this.alerts.isSilent) return this.silenceOf(count);
    const stretches = this.step({ type: 'pulled', samples: count });
    const [only] = stretches;
    const plain = only?.count === count && isUntouched(only) && this.alerts.isSilent;
    const block = plain ? this.copy(only) : this.mix(stretches, count, alertLevel);
    this.forget();
    return block;
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

/** At full gain all through. */
function isUntouched({ fade, level }: Sounded): boolean {
  return fade.step === 0 && level.step === 0 && fade.from === 1 && level.from === 1;
}

/** Nothing to play and nothing on its way through the device, so that a pull would change nothing. */
function isIdle({ turns, leaving, level }: PlayoutState): boolean {
  return turns.length === 0 && leaving.length === 0 && level.left === 0;
}
