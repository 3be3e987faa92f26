import type { Bus } from '#shared/bus/bus.ts';
import { level, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { interrupt, runtimeSettings, volume } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { type Alert, alert } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Speaker } from './speaker.ts';
import type { BargeIn, YieldingEvent } from './yielding.ts';

/** The subscriptions to what others can make the speaker do. */
export interface Obedience {
  /** Evidence of speech that has not come by the bus. It is withdrawn in time, as any other. */
  listen(event: YieldingEvent): void;
  end(): void;
}

interface Effects {
  sound(alert: Alert): void;
  volumeChanged(volume: number): void;
  /** Everything known so far is over, but for the turn that answers the utterance. */
  interrupted(by: { utterance?: number }): void;
  /** The thinker could not finish the turn. @param sounded whether any sound of it was published. */
  failed(turn: number, sounded: boolean): void;
}

/** What other services and layers can make the speaker do. */
export async function obeyCommands(
  speaker: Speaker,
  { bus, clock, bargeIn }: { bus: Bus; clock: Clock; bargeIn: BargeIn },
  { sound, volumeChanged, interrupted, failed }: Effects,
): Promise<Obedience> {
  let cancelEvidenceTimer = (): void => undefined;

  function listen(event: YieldingEvent): void {
    speaker.listen(event);
    cancelEvidenceTimer();
    if (!speaker.heard) return;
    const delayMs = Math.max(0, speaker.heard.untilMs - clock.nowMs());
    cancelEvidenceTimer = clock.after(delayMs, () => listen({ type: 'tick', atMs: clock.nowMs() }));
  }

  const ends = await Promise.all([
    bus.subscribe(speech, ({ payload }) => listen({ type: 'speech', speech: payload, atMs: clock.nowMs() })),
    bus.subscribe(level, ({ payload: { probability } }) => {
      if (speaker.heard) listen({ type: 'level', probability, atMs: clock.nowMs() });
    }),
    bus.subscribe(atTopic(status, { service: 'audio-in' }), ({ payload }) => {
      if (payload.state === 'offline') listen({ type: 'listenerLost' });
    }),
    bus.subscribe(interrupt, ({ payload: { source, utterance } }) => {
      // Only the user's own words are answered by a turn that must survive them; a command to be quiet silences all.
      interrupted(source === 'barge-in' && utterance !== undefined ? { utterance } : {});
      if (source === 'operator' || source === 'voice-command') speaker.alerts.hush();
    }),
    bus.subscribe(turn, ({ payload: { turn: number, state, utterance, timings = {} } }) => {
      if (state === 'interrupted') speaker.tell({ type: 'dropped', turn: number });
      else if (state === 'failed') failed(number, 'firstAudio' in timings);
      else speaker.tell({ type: 'announced', turn: number, ...(utterance !== undefined && { utterance }) });
    }),
    bus.subscribe(volume, ({ payload }) => {
      speaker.setVolume(payload.volume);
      volumeChanged(payload.volume);
    }),
    bus.subscribe(runtimeSettings, ({ payload }) => {
      speaker.setMuted(payload.muted ?? false);
      listen({ type: 'bargeInChanged', bargeIn: payload.bargeIn ?? bargeIn });
    }),
    bus.subscribe(alert, ({ payload }) => sound(payload)),
  ]);
  return {
    listen,
    end() {
      cancelEvidenceTimer();
      for (const end of ends) end();
    },
  };
}
