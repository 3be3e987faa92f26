import { ALL_CHANNELS } from './all-channels.ts';
import { ACCOUNTS, type Account, matchTopic } from './channel.ts';

/** What the rights need to know of a channel. */
interface Ruled {
  readonly topic: string;
  readonly publishers: readonly Account[];
  readonly sensitive: boolean;
}

const FIXED = new Map<string, Ruled>(
  ALL_CHANNELS.filter((channel) => !channel.topic.includes('{')).map((channel) => [channel.topic, channel]),
);
const TEMPLATES: readonly Ruled[] = ALL_CHANNELS.filter((channel) => channel.topic.includes('{'));
const SENSITIVE: readonly string[] = ALL_CHANNELS.filter((channel) => channel.sensitive).map(
  (channel) => channel.topic,
);

/**
 * Whether `account` may publish on `topic` (below the prefix). A service speaks on the channels that name it as publisher
 * and on no other service's `{service}/…`; a guest on none; the operator on all, known or not: other layers use that account.
 */
export function mayPublish(account: Account, topic: string): boolean {
  if (account === 'operator') return true;
  if (account === 'guest') return false;
  const fixed = FIXED.get(topic);
  if (fixed) return fixed.publishers.includes(account);
  return TEMPLATES.some((template) => {
    const levels = matchTopic(template, topic);
    if (!levels || !template.publishers.includes(account)) return false;
    const { service = account } = levels;
    return service === account;
  });
}

/**
 * Whether a message on `topic` (below the prefix) may reach `account`. Everything may, but microphone and camera no guest.
 * `alsoSensitive` names topics outside the contract that carry such things, e.g. the one given as CORTEX_CAMERA=topic:….
 */
export function mayReceive(account: Account, topic: string, alsoSensitive: readonly string[] = []): boolean {
  if (account !== 'guest') return true;
  if (alsoSensitive.some((sensitive) => isAtOrBelow(sensitive, topic))) return false;
  const fixed = FIXED.get(topic);
  if (fixed) return !fixed.sensitive;
  return !SENSITIVE.some((sensitive) => isAtOrBelow(sensitive, topic));
}

/**
 * Whether `account` may subscribe to `filter` (below the prefix). A guest is refused what names a sensitive topic, and
 * granted a wider wildcard; `mayReceive` then keeps the sensitive messages back one by one.
 */
export function maySubscribe(account: Account, filter: string, alsoSensitive: readonly string[] = []): boolean {
  return mayReceive(account, filter, alsoSensitive);
}

export interface RightsRow {
  /** Below the prefix. */
  topic: string;
  publish: readonly string[];
  receive: readonly string[];
}

/** The rights as one table, a row a channel, computed from the very functions the broker asks. For the documentation. */
export function rightsTable(): RightsRow[] {
  return ALL_CHANNELS.map(({ topic }) => {
    const ownTopic = (account: Account): string => topic.replace('{service}', account).replace(/\{\w+\}/g, 'any');
    const publish = ACCOUNTS.filter((account) => mayPublish(account, ownTopic(account)));
    const eachItsOwn = topic.includes('{service}');
    return {
      topic,
      publish: eachItsOwn ? ['operator', 'each service its own'] : publish,
      receive: ACCOUNTS.filter((account) => mayReceive(account, ownTopic(account))),
    };
  });
}

function isAtOrBelow(root: string, topic: string): boolean {
  return topic === root || topic.startsWith(`${root}/`);
}
