import { AlertVoice } from './alerts/alert-voice.ts';
import { nextPlayout } from './playout/playout.ts';
import { initialPlayout, type PlayoutEffect, type PlayoutEvent, type PlayoutState } from './playout/playout-state.ts';
import { ReplySamples } from './playout/reply-samples.ts';

export type PlayerNews = Exclude<PlayoutEffect, { type: 'sounded' | 'forgotten' }> | { type: 'refused'; turn: number };

/** Voice and alerts over it, as the samples a device asks for. No I/O and no clock: the device's pulls move it. */
export class Player {
  readonly alerts = new AlertVoice();
  private readonly samples = new ReplySamples();
  private readonly listener: (news: PlayerNews) => void;
  private playout: PlayoutState = initialPlayout;

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
  }

  /**
   * The next `count` samples for the device, 24 kHz mono.
   * @param alertLevel gain of alerts, apart from that of replies.
   */
  render(count: number, alertLevel: number): Int16Array {
    // Two hundred times a second for all the time nobody says a word: not worth a mix.
    if (isIdle(this.playout) && this.alerts.isSilent) return new Int16Array(count);
    const mix = new Float64Array(count);
    this.step({ type: 'pulled', samples: count }, mix);
    this.alerts.render(count, (index, sample) => {
      mix[index] = (mix[index] ?? 0) + sample * alertLevel;
    });
    const block = new Int16Array(count);
    for (let index = 0; index < count; index += 1) {
      block[index] = Math.max(-32_768, Math.min(32_767, Math.round(mix[index] ?? 0)));
    }
    return block;
  }

  private step(event: PlayoutEvent, mix?: Float64Array): void {
    const { state, effects } = nextPlayout(this.playout, event);
    this.playout = state;
    for (const effect of effects) {
      if (effect.type === 'sounded') {
        const { turn, from, count, offset, fade, level } = effect;
        this.samples.read(turn, from, count, (index, sample) => {
          const middle = index + 0.5;
          if (mix) mix[offset + index] = sample * (fade.from + fade.step * middle) * (level.from + level.step * middle);
        });
      } else if (effect.type === 'forgotten') this.samples.forget(effect.turn);
      else this.listener(effect);
    }
  }
}

/** Nothing to play and nothing on its way through the device, so that a pull would change nothing. */
function isIdle({ turns, leaving, level }: PlayoutState): boolean {
  return turns.length === 0 && leaving.length === 0 && level.left === 0;
}
