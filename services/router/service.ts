import { fallback } from '#shared/contract/control.ts';
import { decision } from '#shared/contract/layers.ts';
import { type Transcript, transcript } from '#shared/contract/thinker.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';

/** A retained value arrives within a millisecond of the subscription; after this long there is none. */
const RETAINED_WAIT_MS = 250;

/** Routes every final user transcript and keeps `control/fallback` published. */
export async function startRouter(context: ServiceContext): Promise<Running> {
  const { bus, clock, meters } = context;
  const teardown = new Teardown();
  try {
    let levelKnown = false;
    teardown.add(
      await bus.subscribe(fallback, () => {
        levelKnown = true;
      }),
    );
    teardown.add(
      clock.after(RETAINED_WAIT_MS, () => {
        if (!levelKnown) bus.publish(fallback, { level: 'live', reason: 'started', since: clock.nowMs() });
      }),
    );
    teardown.add(await bus.subscribe(transcript, ({ payload }) => routed(payload)));
    return { stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }

  function routed({ role, final, text, turn }: Transcript): void {
    if (role !== 'user' || !final) return;
    meters.count('routerTranscripts');
    bus.publish(decision, { turn, text, layer: 2, intent: 'open', confidence: 0.5, at: clock.nowMs() });
  }
}
