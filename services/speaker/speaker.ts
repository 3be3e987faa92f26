import { PERIOD_SAMPLES } from './outputs/output.ts';
import { Player, type PlayerNews } from './player.ts';
import type { PlayoutEvent, PlayoutState } from './playout/playout-state.ts';
import { nextYielding, type YieldingEvent, type YieldingState, yieldingTo } from './yielding.ts';

/** −14 dB: the reply stays understandable, and a sentence over it too. */
const DUCKED = 0.2;
/** A warning must be heard even by someone who turned the replies down. */
const ALERT_MIN_VOLUME = 0.4;

/** Who may sound how loud: brings the user's voice, alerts, volume and mute together and tells the player. No I/O, no clock. */
export class Speaker {
  private readonly player: Player;
  private yielding: YieldingState;
  private volume = 1;
  private muted = false;
  private level = 1;
  private frozen = false;
  private shift: { inSamples: number; change(): void } | undefined;

  private readonly takeBack: (samples: number, areSilence: boolean) => number;

  /** @param takeBack asks the device for the newest samples it has not begun to play; tells how many it gives back. */
  constructor(
    bargeIn: YieldingState['bargeIn'],
    listener: (news: PlayerNews) => void,
    takeBack: (samples: number, areSilence: boolean) => number = () => 0,
  ) {
    this.player = new Player(listener);
    this.takeBack = takeBack;
    this.yielding = { bargeIn };
  }

  get alerts(): Player['alerts'] {
    return this.player.alerts;
  }

  get isMuted(): boolean {
    return this.muted;
  }

  /** The next `count` samples for the device. */
  render(count: number): Int16Array {
    const { shift } = this;
    if (!shift) return this.renderNow(count);
    const before = Math.min(count, shift.inSamples);
    const block = new Int16Array(count);
    block.set(this.renderNow(before));
    shift.inSamples -= before;
    if (shift.inSamples > 0) return block;
    this.shift = undefined;
    shift.change();
    block.set(this.render(count - before), before);
    return block;
  }

  /** Stays silent for as many samples as `silence` says when the device asks for the first, and as long as `mayBegin` denies it. */
  beginAfter(silence: () => number, mayBegin: () => boolean): void {
    const begin = (): void => {
      if (mayBegin()) this.player.tell({ type: 'released', by: 'standby' });
      else this.shift = { inSamples: PERIOD_SAMPLES, change: begin };
    };
    const wait = (): void => {
      this.shift = { inSamples: silence(), change: begin };
    };
    this.shift = { inSamples: 0, change: wait };
  }

  /** Samples until the stop that `stopIn` has announced. */
  get samplesToGo(): number {
    return this.shift?.inSamples ?? 0;
  }

  /**
   * Plays this many samples more and then nothing. How loud, and whether at all, stays as it is until then: a ramp that the
   * successor does not know of would be cut in two. An interrupt is obeyed.
   * @param stopped is called when it has come to that.
   */
  stopIn(samples: number, stopped: () => void): void {
    this.frozen = true;
    const change = (): void => {
      this.player.tell({ type: 'held', by: 'standby' });
      stopped();
    };
    this.shift = samples > 0 ? { inSamples: samples, change } : undefined;
    if (!this.shift) change();
  }

  private renderNow(count: number): Int16Array {
    if (!this.frozen) this.balance();
    return this.player.render(count, Math.max(this.volume, ALERT_MIN_VOLUME));
  }

  append(turn: number, from: number, samples: Int16Array): void {
    this.player.append(turn, from, samples);
    this.hasten();
  }

  tell(event: PlayoutEvent): void {
    this.player.tell(event);
    this.hasten();
  }

  listen(event: YieldingEvent): void {
    this.yielding = nextYielding(this.yielding, event);
    this.attend();
  }

  /** What has changed (an alert, a volume) is heard as soon as the device can: what is only queued there makes way for it. */
  attend(): void {
    if (this.frozen) return;
    this.balance();
    this.hasten();
  }

  get playout(): PlayoutState {
    return this.player.state;
  }

  get heard(): YieldingState['heard'] {
    return this.yielding.heard;
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.attend();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.attend();
  }

  private hasten(): void {
    // At a handover the other side has been told when this one stops.
    if (this.frozen || this.shift) return;
    const obsolete = this.player.obsoleteSamples;
    const back = obsolete > 0 ? this.takeBack(obsolete, this.player.obsoleteIsSilence) : 0;
    if (back > 0) this.player.takeBack(back);
  }

  private balance(): void {
    const toSpeech = yieldingTo(this.yielding);
    const toAlert = this.alerts.demands;
    this.hold('speech', toSpeech === 'pause');
    this.hold('alert', toAlert === 'pause');
    const ducked = toSpeech === 'duck' || toAlert === 'duck';
    const level = this.muted ? 0 : this.volume * (ducked ? DUCKED : 1);
    if (level === this.level) return;
    this.level = level;
    this.player.tell({ type: 'levelChanged', level });
  }

  private hold(by: 'speech' | 'alert', held: boolean): void {
    if (this.player.state.holds.includes(by) !== held) this.player.tell({ type: held ? 'held' : 'released', by });
  }
}
