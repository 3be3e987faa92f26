import type { Bus } from '#shared/bus/bus.ts';
import { atTopic, type ServiceName } from '#shared/contract/channel.ts';
import { interrupt } from '#shared/contract/control.ts';
import { type Status, status } from '#shared/contract/service.ts';
import { type Playback, playback } from '#shared/contract/speaker.ts';
import { ask, type Turn, turn } from '#shared/contract/thinker.ts';
import { Watched } from './watched.ts';

/** Those without whom nobody is answered. */
const NEEDED: readonly ServiceName[] = ['broker', 'audio-in', 'thinker', 'speaker'];
/** The simulator's answer to it takes some seconds to be spoken. */
const QUESTION = 'Please tell me a long story about a bridge and a river.';

/** Somebody who converses with a stack, whatever is done to it meanwhile. */
export class Conversing {
  readonly playbacks: Watched<Playback>;
  private readonly bus: Bus;
  private readonly turns: Watched<Turn>;
  private readonly statuses: ReadonlyMap<ServiceName, Watched<Status>>;

  private constructor(
    bus: Bus,
    turns: Watched<Turn>,
    playbacks: Watched<Playback>,
    statuses: ReadonlyMap<ServiceName, Watched<Status>>,
  ) {
    this.bus = bus;
    this.turns = turns;
    this.playbacks = playbacks;
    this.statuses = statuses;
  }

  static async on(bus: Bus): Promise<Conversing> {
    const statuses = new Map<ServiceName, Watched<Status>>();
    for (const service of NEEDED) statuses.set(service, await Watched.on(bus, atTopic(status, { service })));
    return new Conversing(bus, await Watched.on(bus, turn), await Watched.on(bus, playback), statuses);
  }

  /** Asks, and resolves with the turn when the answer begins to sound. */
  async converse(): Promise<number> {
    const newest = Math.max(0, ...this.turns.seen.map(({ payload }) => payload.turn));
    this.bus.publish(ask, { id: `question-${newest}`, text: QUESTION });
    const answer = await this.turns.next((payload) => payload.state === 'speaking' && payload.turn > newest);
    await this.playbacks.next(({ turn: of, state }) => of === answer.turn && state === 'started');
    return answer.turn;
  }

  /** Stops whatever sounds. */
  stop(): void {
    this.bus.publish(interrupt, { id: `stop-${Date.now()}`, source: 'operator', at: Date.now() });
  }

  /** Process ids of the needed services that have been seen so far. */
  pidsSoFar(): Set<number> {
    return new Set([...this.statuses.values()].flatMap(({ seen }) => seen.map(({ payload }) => payload.pid)));
  }

  /** Resolves when each of these services (by default all that are needed) runs in another process than before, and is ready. */
  async renewed(before: ReadonlySet<number>, services: readonly ServiceName[] = NEEDED): Promise<void> {
    for (const service of services) {
      await this.statuses.get(service)?.next(({ state, pid }) => state === 'online' && !before.has(pid));
    }
  }
}
