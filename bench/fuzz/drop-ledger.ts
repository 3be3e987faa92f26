import type { Account } from '#shared/contract/channel.ts';
import { toolDeclare, toolResult } from '#shared/contract/tools.ts';
import { filterMatches } from '../../services/broker/topic-filter.ts';

/** What one service was sent, by what it is subscribed to. */
export interface Sent {
  payloads: number;
  /** Payloads its bus cannot decode and has to drop. */
  undecodable: number;
  /** Of the tools' declarations and results, whose sender is told what is wrong: the thinker takes them as they come, and refuses. */
  refusable: number;
}

interface TopicTally {
  payloads: number;
  undecodable: number;
}

const TOLD_WHY = [toolDeclare, toolResult].map(({ topic }) => topic.replace('{name}', '+'));

/** Keeps the account of what the bus was sent, and of who has asked for it. Topics and filters are below the prefix. */
export class DropLedger {
  private readonly byTopic = new Map<string, TopicTally>();
  private readonly filters = new Map<string, Set<string>>();

  /** @param clientId as the broker has it, ACCOUNT:ID. */
  subscribed(clientId: string, filters: readonly string[]): void {
    const account = clientId.split(':')[0] ?? '';
    const known = this.filters.get(account) ?? new Set();
    this.filters.set(account, known);
    for (const filter of filters) known.add(filter);
  }

  unsubscribed(clientId: string, filters: readonly string[]): void {
    for (const filter of filters) this.filters.get(clientId.split(':')[0] ?? '')?.delete(filter);
  }

  sent(topic: string, isDecodable: boolean): void {
    const tally = this.byTopic.get(topic) ?? { payloads: 0, undecodable: 0 };
    this.byTopic.set(topic, tally);
    tally.payloads += 1;
    if (!isDecodable) tally.undecodable += 1;
  }

  sentTo(account: Account): Sent {
    const filters = [...(this.filters.get(account) ?? [])];
    const sum: Sent = { payloads: 0, undecodable: 0, refusable: 0 };
    for (const [topic, { payloads, undecodable }] of this.byTopic) {
      if (!filters.some((filter) => filterMatches(filter, topic))) continue;
      sum.payloads += payloads;
      if (TOLD_WHY.some((filter) => filterMatches(filter, topic))) sum.refusable += undecodable;
      else sum.undecodable += undecodable;
    }
    return sum;
  }
}
