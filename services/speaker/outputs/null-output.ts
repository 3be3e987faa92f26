import type { Clock } from '#shared/time/clock.ts';
import type { OpenOutput } from './output.ts';
import { paceSource } from './paced-source.ts';

/** Plays into nothing, at real-time speed. */
export function nullOutput(clock: Clock): OpenOutput {
  return (hooks) => {
    const stop = paceSource(clock, hooks, () => undefined);
    return Promise.resolve({
      name: 'null (nothing is heard)',
      unheardSamples: () => 0,
      perishableSamples: () => 0,
      close() {
        stop();
        return Promise.resolve();
      },
    });
  };
}
