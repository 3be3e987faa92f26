import { isLiveWanted } from '#shared/config/live-wanted.ts';
import { atTopic, type Channel } from '#shared/contract/channel.ts';
import { type Fallback, fallback, privacy, runtimeSettings, volume } from '#shared/contract/control.ts';
import { layer1Response, layer3Response } from '#shared/contract/layers.ts';
import { status } from '#shared/contract/service.ts';
import { playback, speakerState } from '#shared/contract/speaker.ts';
import { session, type Turn, transcript, turn } from '#shared/contract/thinker.ts';
import { isProcessAlive } from '#shared/lifecycle/process-alive.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { privacyStore } from '#shared/privacy/privacy-store.ts';
import { startLocalStop } from './local-stop/local-stop.ts';
import { RouterProcess } from './router-process.ts';
import { warmUp } from './routing/route.ts';

/** A retained value arrives within a millisecond of the subscription; after this long there is none. */
const RETAINED_WAIT_MS = 250;
/** How often holds and lost turns are looked at. */
const TICK_MS = 1_000;

/**
 * Routes what the user says, obeys spoken control, asks the other layers and decides the level of service.
 * @param pid tells this process from another router in `router/status`. @param isAlive whether that one is really there.
 */
export async function startRouter(
  context: ServiceContext,
  pid: number = process.pid,
  isAlive: (pid: number) => boolean = isProcessAlive,
): Promise<Running> {
  const { bus, clock, settings } = context;
  const teardown = new Teardown();

  async function listen<Payload>(
    channel: Channel<Payload>,
    listener: (payload: Payload, retained: boolean) => void,
  ): Promise<void> {
    teardown.add(await bus.subscribe(channel, ({ payload, retained }) => listener(payload, retained)));
  }

  /** With Gemini's own detection there are no utterances, and every turn that is reported was spoken. */
  function numberedUtterance(report: Turn): Turn {
    return settings.vadMode === 'server' ? { utterance: report.turn, ...report } : report;
  }

  try {
    warmUp();
    const router = new RouterProcess(context, pid, await retainedLevel(context), isLiveWanted(settings));
    teardown.add(() => router.stop());
    await listen(atTopic(status, { service: 'router' }), (seen) => router.routerSeen(seen));
    await listen(fallback, (level) => router.levelSeen(level));
    await listen(runtimeSettings, (switches) =>
      router.happened({ type: 'liveSwitched', wanted: isLiveWanted(settings, switches) }),
    );
    // Until the bus tells: what was blocked stays blocked when only the other device is spoken of.
    const stored = privacyStore(settings.stateDir).read().privacy;
    router.happened({ type: 'privacyChanged', privacy: stored, retained: true });
    await listen(privacy, (now, retained) => router.happened({ type: 'privacyChanged', privacy: now, retained }));
    await listen(volume, (now) => router.happened({ type: 'volumeChanged', volume: now.volume }));
    await listen(speakerState, (now) =>
      router.happened({ type: 'speakerReported', speaking: now.state === 'speaking', volume: now.volume }),
    );
    await listen(atTopic(status, { service: 'thinker' }), ({ state, startedAt }) =>
      router.happened({ type: 'thinkerSeen', there: state === 'online', startedAtMs: startedAt }),
    );
    await listen(session, (now) => router.happened({ type: 'sessionReported', session: now }));
    await listen(turn, (now) => router.happened({ type: 'turnReported', turn: numberedUtterance(now) }));
    await listen(playback, (now) => router.happened({ type: 'played', playback: now }));
    await listen(layer1Response, (response) => router.happened({ type: 'layerAnswered', layer: 1, response }));
    await listen(layer3Response, (response) => router.happened({ type: 'layerAnswered', layer: 3, response }));
    await listen(transcript, (now) => router.happened({ type: 'transcribed', transcript: now }));
    const localStop = await startLocalStop(context, () => router.happened({ type: 'stopHeard' }));
    if (localStop) teardown.add(localStop);
    const tick = () => {
      router.lookForOther(isAlive);
      router.insistOnLevel();
      router.happened({ type: 'timePassed' });
    };
    teardown.add(clock.every(TICK_MS, tick));
    return { stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

/** The level a former router left behind, or undefined at the very first start. */
async function retainedLevel({ bus, clock }: ServiceContext): Promise<Fallback | undefined> {
  let found: Fallback | undefined;
  let waitedFor = () => {};
  const end = await bus.subscribe(fallback, ({ payload }) => {
    found = payload;
    waitedFor();
  });
  await new Promise<void>((resolve) => {
    const cancel = clock.after(RETAINED_WAIT_MS, resolve);
    waitedFor = () => {
      cancel();
      resolve();
    };
    if (found) waitedFor();
  });
  end();
  return found;
}
