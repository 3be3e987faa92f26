import { ALL_CHANNELS } from './all-channels.ts';
import { type Channel, matchTopic } from './channel.ts';

const KEPT: readonly Channel<unknown>[] = ALL_CHANNELS.filter(
  (channel) => channel.retain && (channel.command || channel.topic.startsWith('control/')),
);

/**
 * The channel of a retained value that the broker keeps over its own restart and kill, or undefined for all other topics
 * (below the prefix). These are decisions of persons and layers; the state of a process is brought back by that process.
 */
export function keptChannel(topic: string): Channel<unknown> | undefined {
  return KEPT.find((channel) => matchTopic(channel, topic));
}
