import type { MqttClient } from 'mqtt';
import type { Bus } from '#shared/bus/bus.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { toolStatus } from '#shared/contract/tools.ts';
import { Watched } from '../../test/integration/harness/watched.ts';

const GIVE_UP_MS = 10_000;

/**
 * A function that resolves when the thinker, who reads most, has read all that was published before: it answers a declaration
 * that is no good. Without it a sender on a busy machine is faster than that, and the broker lets QoS 0 pass the thinker by or
 * cuts it off; what it never saw it cannot count.
 */
export async function thinkerHasRead(bus: Bus, stranger: MqttClient): Promise<() => Promise<void>> {
  const answers = await Watched.on(bus, atTopic(toolStatus, { name: 'pace' }));
  return async () => {
    answers.seen.length = 0;
    await stranger.publishAsync('cortex/tools/pace/declare', '{}', { qos: 1 });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise((resolve) => {
      timer = setTimeout(resolve, GIVE_UP_MS);
    });
    await Promise.race([answers.next(({ state }) => state === 'refused'), tooLate]);
    clearTimeout(timer);
  };
}
