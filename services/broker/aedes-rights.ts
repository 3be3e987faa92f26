import type { AedesOptions, AuthenticateError, Client } from 'aedes';
import type { Account } from '#shared/contract/channel.ts';
import { runtimeSettings, volume } from '#shared/contract/control.ts';
import { keptChannel } from '#shared/contract/kept.ts';
import { mayPublish, mayReceive, maySubscribe } from '#shared/contract/rights.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import { LogThrottle } from '#shared/log/log-throttle.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Logins } from './login.ts';
import type { RetainedFile } from './retained-file.ts';

export interface AedesRightsOptions {
  topicPrefix: string;
  /** Topics outside the contract, below the prefix, that carry camera pictures. */
  alsoSensitive: readonly string[];
  logins: Logins;
  retained: RetainedFile;
  loggedIn(client: Client, account: Account): void;
  clock: Clock;
  log: Log;
  meters: Meters;
}

type Hooks = Required<
  Pick<
    AedesOptions,
    'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward' | 'published'
  >
>;

/** A service subscribes to about ten filters; more than this is a mistake that would cost every publish. */
const MAX_SUBSCRIPTIONS = 100;
/** Return codes of CONNACK, MQTT 3.1.1 section 3.2.2.3. */
const IDENTIFIER_REJECTED = 2;
const BAD_USERNAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;
/** What is switched while somebody listens for the effect. */
const SWITCHES = new Set([runtimeSettings.topic, volume.topic]);
/** Where a refused publish goes: a topic nobody can subscribe to. */
const NOWHERE = '$refused';

/** The rights of `shared/contract/rights.ts` as hooks of Aedes, and what is kept of the retained values they let through. */
export function aedesRights(options: AedesRightsOptions): Hooks {
  const { topicPrefix, alsoSensitive, logins, retained, clock, log, meters } = options;
  const throttle = new LogThrottle(clock);
  /** MQTT-3.1.3-8: no id and a session to be kept do not go together. */
  const nameless = new WeakSet<Client>();
  const accounts = new WeakMap<Client, Account>();
  const complained = new WeakMap<Client, Set<string>>();

  /** The topic below the prefix; undefined outside it. */
  function below(topic: string): string | undefined {
    return topic.startsWith(`${topicPrefix}/`) ? topic.slice(topicPrefix.length + 1) : undefined;
  }

  function complain(client: Client, account: Account | undefined, action: string, topic: string): void {
    meters.count(action === 'publish' ? 'publishesRefused' : 'subscriptionsRefused');
    const known = complained.get(client) ?? new Set();
    complained.set(client, known);
    if (known.has(topic) || known.size > MAX_SUBSCRIPTIONS) return;
    known.add(topic);
    log.warn({ client: client.id, account, action, topic }, 'refused: this account has no right to the topic');
  }

  return {
    preConnect(client, packet, done) {
      if (packet.clientId === '' && !packet.clean) nameless.add(client);
      done(null, true);
    },

    authenticate(client, username, password, done) {
      const address = addressOf(client);
      const outcome = logins.check(address, username, password, clock.nowMs());
      if ('refused' in outcome) {
        meters.count('loginsRefused');
        const heldBack = throttle.due(`${address} ${outcome.refused}`);
        if (heldBack !== undefined) {
          const fields = { client: client.id, address, username, reason: outcome.refused, moreSinceLast: heldBack };
          log.warn(fields, 'login refused');
        }
        const code = outcome.refused === 'wrong' ? BAD_USERNAME_OR_PASSWORD : NOT_AUTHORIZED;
        done(refusal(code, `login refused: ${outcome.refused}`), null);
        return;
      }
      if (nameless.has(client)) {
        done(refusal(IDENTIFIER_REJECTED, 'a session that is to be kept needs a client id'), null);
        return;
      }
      // Ids are each account's own, so that nobody ends, inherits or keeps out the connection of another account by its id.
      (client as { id: string }).id = `${outcome.account}:${client.id}`;
      accounts.set(client, outcome.account);
      options.loggedIn(client, outcome.account);
      done(null, true);
    },

    authorizePublish(client, packet, done) {
      const topic = below(packet.topic);
      const account = client ? accounts.get(client) : undefined;
      const reserved = packet.topic.startsWith('$');
      const allowed = topic === undefined ? account === 'operator' && !reserved : account && mayPublish(account, topic);
      if (client && !allowed) {
        complain(client, account, 'publish', packet.topic);
        // Acknowledged and dropped, as MQTT 3.3.5 allows. Closing the connection would make the client send the same
        // packet again on every reconnection, and so cost a service all its topics for a mistake with one.
        packet.topic = NOWHERE;
        packet.payload = Buffer.alloc(0);
        packet.retain = false;
        done(null);
        return;
      }
      if (packet.retain) {
        // A copy, because a slice would keep the whole read it was cut from in memory.
        packet.payload = Buffer.from(packet.payload as Buffer);
        packet.retain = topic === undefined || isFitToKeep(topic, packet.payload as Buffer);
        if (topic !== undefined && packet.retain && !canWait(topic)) keep(topic, packet.payload as Buffer);
      }
      done(null);
    },

    published(packet, _client, done) {
      const topic = packet.retain ? below(packet.topic) : undefined;
      if (topic !== undefined && canWait(topic)) keep(topic, packet.payload as Buffer);
      done();
    },

    authorizeSubscribe(client, subscription, done) {
      const account = accounts.get(client);
      const filter = below(subscription.topic);
      const allowed =
        account === 'operator' ||
        (account !== undefined &&
          (filter !== undefined ? maySubscribe(account, filter, alsoSensitive) : subscription.topic === '#'));
      if (!allowed || subscriptionCount(client) >= MAX_SUBSCRIPTIONS) {
        complain(client, account, 'subscribe', subscription.topic);
        done(null, null);
        return;
      }
      done(null, subscription);
    },

    authorizeForward(client, packet) {
      const account = accounts.get(client);
      if (account === 'operator') return packet;
      const topic = below(packet.topic);
      return account && topic !== undefined && mayReceive(account, topic, alsoSensitive) ? packet : null;
    },
  };

  /** Rubbish still reaches the subscribers, who count it; but it must not take the place of what the user decided. */
  function isFitToKeep(topic: string, payload: Buffer): boolean {
    try {
      keptChannel(topic)?.codec.decode(payload);
      return true;
    } catch (error) {
      meters.count('retainedRejected');
      log.warn({ topic, reason: messageOf(error).slice(0, 200) }, 'a bad payload was not retained');
      return false;
    }
  }

  function keep(topic: string, payload: Buffer): void {
    if (!keptChannel(topic)) return;
    try {
      retained.keep(topic, payload);
    } catch (error) {
      meters.count('retainedWriteFailures');
      log.error(
        { topic, err: error },
        'a retained value could not be written to CORTEX_STATE_DIR; it will not survive a restart',
      );
    }
  }
}

/**
 * Whether a value may be passed on before it is written down. A busy disk takes 0.1 s and more, and all switches shall be obeyed by
 * then; only what the user blocked must be on the disk before anybody relies on it.
 */
function canWait(topic: string): boolean {
  return SWITCHES.has(topic);
}

function addressOf(client: Client): string {
  const socket = client.req?.socket ?? client.conn;
  return ('remoteAddress' in socket && socket.remoteAddress) || 'unknown';
}

function refusal(returnCode: number, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode }) as AuthenticateError;
}

function subscriptionCount(client: Client): number {
  return Object.keys((client as Client & { subscriptions: object }).subscriptions).length;
}
