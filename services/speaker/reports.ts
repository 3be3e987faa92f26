import type { Bus } from '#shared/bus/bus.ts';
import { type OwnState, startOwnState } from '#shared/bus/own-state.ts';
import { playback, type SpeakerState, speakerState } from '#shared/contract/speaker.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { PlayerNews } from './player.ts';
import type { TurnPlan } from './playout/turn-plan.ts';

/** Tells the bus what is heard: `speaker/playback` for every step, `speaker/state` whenever it changes. */
export class Reports {
  private readonly bus: Bus;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly meters: Meters;
  private state: Omit<SpeakerState, 'since'> = { state: 'idle', volume: 1, output: 'none yet' };
  private sinceMs: number;
  private alertSounds = false;
  /** Turns that have begun and are neither finished nor interrupted. */
  private readonly sounding = new Set<number>();
  private own: OwnState<SpeakerState> | undefined;
  /** While a predecessor speaks, what this process does is nobody's business; after the last word, its state is none. */
  private phase: 'standby' | 'speaking' | 'left' = 'standby';

  constructor({ bus, clock, log, meters }: { bus: Bus; clock: Clock; log: Log; meters: Meters }) {
    this.bus = bus;
    this.clock = clock;
    this.log = log;
    this.meters = meters;
    this.sinceMs = clock.nowMs();
  }

  /** Before `begin`. From then to `leave` what others say of the speaker is taken back. Returns the stop. */
  async start(): Promise<() => void> {
    const own = await startOwnState(this.bus, speakerState, this.clock);
    this.own = own;
    return () => own.stop();
  }

  /** From here on this process is the speaker; said again when it really begins. @param goesOn the turn it is in the middle of. */
  begin(goesOn?: { turn: number; position: number; told: TurnPlan['told'] }): void {
    this.phase = 'speaking';
    this.sounding.clear();
    let state: typeof this.state = { ...this.state, state: 'idle' };
    if (goesOn && goesOn.told !== 'nothing') {
      const { turn, position, told } = goesOn;
      this.sounding.add(turn);
      state = { ...state, state: told === 'paused' ? 'paused' : 'speaking', turn, position };
    }
    this.publishState(state);
  }

  /** It has turned out that another process speaks. */
  rest(): void {
    this.own?.leave();
  }

  /** The last word: a successor may begin. */
  leave(): void {
    if (this.phase === 'speaking') {
      this.own?.publish({ ...this.state, state: this.sounds, since: this.sinceMs, leaving: true });
    }
    // What is said from here on is the successor's.
    this.own?.stop();
    this.phase = 'left';
  }

  /** Volume or output have changed. */
  change(change: Partial<Pick<SpeakerState, 'volume' | 'output'>>): void {
    this.publishState({ ...this.state, ...change });
  }

  /** An alert begins or ends: without a reply nothing else says that the loudspeaker can be heard in the microphone. */
  alerting(sounds: boolean): void {
    if (sounds === this.alertSounds) return;
    const before = this.sounds;
    this.alertSounds = sounds;
    if (this.sounds !== before) this.publishState(this.state, before);
  }

  hear(news: PlayerNews): void {
    switch (news.type) {
      case 'told':
        this.tell(news);
        return;
      case 'underran':
        this.meters.count('jitterUnderruns');
        this.meters.count('jitterHeldMs', milliseconds(news.heldSamples));
        this.log.info({ turn: news.turn, heldMs: milliseconds(news.heldSamples) }, 'the reply came too slowly');
        return;
      case 'skipped':
        this.meters.count('replySamplesSkipped', news.to - news.from);
        this.log.warn({ turn: news.turn, from: news.from, to: news.to }, 'samples nobody could deliver were skipped');
        return;
      case 'refused':
        this.meters.count('replyFramesRefused');
    }
  }

  private tell({ turn, state, position }: Extract<PlayerNews, { type: 'told' }>): void {
    if (this.phase === 'standby') return;
    this.bus.publish(playback, { turn, state, position, playedMs: milliseconds(position), at: this.clock.nowMs() });
    const over = state === 'finished' || state === 'interrupted';
    if (over) this.sounding.delete(turn);
    else this.sounding.add(turn);
    if (state !== 'progress') this.meters.count(`turns${state[0]?.toUpperCase()}${state.slice(1)}`);
    // One turn may still be on its way out of the device while the next begins: the newest counts.
    const newest = Math.max(...this.sounding);
    if (over && this.sounding.size > 0 && newest !== turn) return;
    const now = over ? 'idle' : state === 'paused' ? 'paused' : 'speaking';
    this.publishState({ ...this.state, state: now, turn, position });
  }

  private get sounds(): SpeakerState['state'] {
    return this.state.state === 'idle' && this.alertSounds ? 'speaking' : this.state.state;
  }

  private publishState(next: Omit<SpeakerState, 'since'>, before = this.sounds): void {
    const { turn } = this.state;
    this.state = next;
    if (this.sounds !== before || next.turn !== turn) this.sinceMs = this.clock.nowMs();
    if (this.phase === 'speaking') {
      this.own?.publish({ ...next, state: this.sounds, since: this.sinceMs });
    }
  }
}

function milliseconds(samples: number): number {
  return (samples * 1000) / REPLY_RATE_HZ;
}
