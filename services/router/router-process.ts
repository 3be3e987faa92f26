import { isDeepStrictEqual } from 'node:util';
import type { Fallback } from '#shared/contract/control.ts';
import type { Status } from '#shared/contract/service.ts';
import type { Session } from '#shared/contract/thinker.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { type Command, publisherOf } from './commands.ts';
import { nextDueMs, openCount } from './layers/layer-requests.ts';
import { nextRouter } from './router.ts';
import { initialRouter, type RouterEvent, type RouterState, succeedAt } from './router-state.ts';
import { newSuccession, statusSeen } from './succession.ts';

type EventBody<Event = RouterEvent> = Event extends RouterEvent ? Omit<Event, 'atMs'> : never;

/** The router core with a clock, a place in the succession, and an alarm for what falls due. */
export class RouterProcess {
  private readonly context: ServiceContext;
  private readonly publish: (commands: readonly Command[]) => void;
  private state: RouterState;
  private succession;
  private liveWanted: boolean;
  /** Who acts in our place. */
  private other: Status | undefined;
  private latestLevel: Fallback | undefined;
  private latestSession: Session | undefined;
  private cancelAlarm = () => {};

  /** @param found the retained level, which stands; without one (or where the settings forbid it) ours is published. */
  constructor(context: ServiceContext, pid: number, found: Fallback | undefined, liveWanted: boolean) {
    this.context = context;
    const nowMs = context.clock.nowMs();
    this.publish = publisherOf(context, `router-${pid}-${Math.round(nowMs).toString(36)}`);
    this.succession = newSuccession(pid);
    this.liveWanted = liveWanted;
    this.latestLevel = found;
    this.state = initialRouter(found, liveWanted, nowMs);
    this.publishLevelIfNew();
  }

  /** While another router acts, everything is followed and nothing done. */
  happened(event: EventBody): void {
    if (event.type === 'sessionReported') this.latestSession = event.session;
    if (event.type === 'liveSwitched') this.liveWanted = event.wanted;
    const reaction = nextRouter(this.state, { ...event, atMs: this.context.clock.nowMs() } as RouterEvent);
    this.state = reaction.state;
    if (this.succession.acts) this.publish(reaction.commands);
    this.setAlarm();
  }

  levelSeen(level: Fallback): void {
    this.latestLevel = level;
  }

  routerSeen(seen: Status): void {
    const acted = this.succession.acts;
    this.succession = statusSeen(this.succession, seen);
    const { acts } = this.succession;
    this.other = acts ? undefined : seen.pid === this.succession.pid ? this.other : seen;
    if (acted === acts) return;
    this.context.log.info({ acts, otherPid: seen.pid }, 'change of routers');
    if (acts) this.takeOver();
  }

  /** One that was killed and whose last will is lost, or that a faulty layer has made up, must not keep us from acting. */
  lookForOther(isAlive: (pid: number) => boolean): void {
    if (this.other && !isAlive(this.other.pid)) this.routerSeen({ ...this.other, state: 'offline' });
  }

  /** Which backend answers is for the router alone to say: another level would stand until the next change, for minutes perhaps. */
  insistOnLevel(): void {
    const { current } = this.state.level;
    if (!this.succession.acts || isDeepStrictEqual(this.latestLevel, current)) return;
    this.latestLevel = current;
    this.publish([{ type: 'setLevel', fallback: current }]);
  }

  stop(): void {
    this.cancelAlarm();
  }

  /** What the other router has decided stands; what it was waiting for it has given up. */
  private takeOver(): void {
    this.state = succeedAt(this.state, this.latestLevel, this.liveWanted, this.context.clock.nowMs());
    this.publishLevelIfNew();
    if (this.latestSession) this.happened({ type: 'sessionReported', session: this.latestSession });
  }

  private publishLevelIfNew(): void {
    const { current } = this.state.level;
    if (current !== this.latestLevel) this.publish([{ type: 'setLevel', fallback: current }]);
  }

  private setAlarm(): void {
    this.cancelAlarm();
    const { clock, meters } = this.context;
    meters.gauge('openLayerRequests', openCount(this.state.requests));
    const dueMs = nextDueMs(this.state.requests);
    if (dueMs === undefined) return;
    this.cancelAlarm = clock.after(Math.max(0, dueMs - clock.nowMs()), () => this.happened({ type: 'timePassed' }));
  }
}
