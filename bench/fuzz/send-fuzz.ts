import type { MqttClient } from 'mqtt';
import type { Bus } from '#shared/bus/bus.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { type Channel, SERVICES } from '#shared/contract/channel.ts';
import { turn } from '#shared/contract/thinker.ts';
import { validPayloads } from '../../test/integration/harness/valid-payloads.ts';
import { Watched } from '../../test/integration/harness/watched.ts';
import { mutated, seededRandom } from './mutation.ts';

export interface FuzzOptions {
  /** Knows what happens in the stack. */
  bus: Bus;
  /** Sends whatever bytes it is given; logged in as operator, who may publish everything. */
  stranger: MqttClient;
  payloadsPerTopic: number;
  /** Told of each payload when it goes out. `topic` is below the prefix, with every level filled in. */
  // biome-ignore lint/suspicious/noExplicitAny: channels of differing payload types
  sent?(channel: Channel<any>, topic: string, payload: Buffer): void;
  /** Waited for every so often: resolves when the readers are ready for more. */
  keepPace?(): Promise<void>;
}

const SEED = 20_26;
/** So often the sender waits for an acknowledgement: it must not run ahead of the broker by all there is. */
const WAIT_EVERY = 20;
/** Some 850 messages to the reader of most topics: the broker lets 3,000 wait for each before any is passed by. */
const PACE_EVERY = 50;

/**
 * Random and mutated payloads on every topic of the contract, round after round. Resolves when the broker has them all;
 * what is sent last is a valid remark.
 */
export async function fuzzEveryTopic({ bus, stranger, payloadsPerTopic, sent, keepPace }: FuzzOptions): Promise<void> {
  const samples = await samplesOfAllTopics(bus, stranger);
  const random = seededRandom(SEED);
  for (let n = 0; n < payloadsPerTopic; n += 1) {
    if (n % PACE_EVERY === 0) await keepPace?.();
    for (const channel of ALL_CHANNELS) {
      const service = SERVICES[n % SERVICES.length] ?? 'broker';
      const topic = channel.topic.replace('{service}', service).replace('{name}', 'compass');
      const known = samples.get(topic) ?? [];
      const sample = known[Math.floor(random() * known.length)] ?? Buffer.from('{"id":"x","text":"y","at":1}');
      const payload = mutated(sample, random);
      sent?.(channel, topic, payload);
      const acknowledged = stranger.publishAsync(`cortex/${topic}`, payload, { qos: channel.qos });
      if (channel.qos === 1 && n % WAIT_EVERY === 0) await acknowledged;
    }
  }
  await stranger.publishAsync('cortex/thinker/context', '{"source":"fuzz","text":"over"}', { qos: 1 });
}

/** Valid payloads of every topic, with what really stands on the topics of a running stack. */
async function samplesOfAllTopics(bus: Bus, stranger: MqttClient): Promise<Map<string, Buffer[]>> {
  const samples = validPayloads(Date.now());
  const real = new Map<string, Buffer>();
  const note = (topic: string, payload: Buffer) => real.set(topic.slice('cortex/'.length), payload);
  stranger.on('message', note);
  await stranger.subscribeAsync('cortex/#', { qos: 1 });
  const turns = await Watched.on(bus, turn);
  await stranger.publishAsync('cortex/thinker/ask', '{"id":"first","text":"Hello?"}', { qos: 1 });
  await turns.next(({ state }) => state === 'done');
  await stranger.unsubscribeAsync('cortex/#');
  stranger.off('message', note);
  for (const [topic, payload] of real) samples.set(topic, [...(samples.get(topic) ?? []), payload]);
  return samples;
}
