import type { Clock } from '#shared/time/clock.ts';
import { isBusy, nextConversation } from './conversation.ts';
import type {
  ConversationEffect,
  ConversationEvent,
  ConversationPolicy,
  ConversationState,
  Network,
} from './conversation-state.ts';
import { conversationWakeMs } from './watchdogs.ts';

type Unstamped<Event> = Event extends { atMs: number } ? Omit<Event, 'atMs'> : never;
/** A conversation event whose time is now. */
export type ConversationNews = Unstamped<ConversationEvent>;

export interface ConversationRunnerOptions {
  clock: Clock;
  policy: ConversationPolicy;
  initial: ConversationState;
  /** Carries out one effect. `samples` is the sound that came with the event. */
  run(effect: ConversationEffect, atMs: number, samples: Int16Array | undefined): void;
  /** After all effects of one event; `changed` where turns were announced or remembered. */
  settled(changed: boolean): void;
  /** A turn is at the server now, or none is any more. */
  busyChanged(busy: boolean): void;
  network(): Network;
}

interface Queued {
  event: ConversationEvent;
  samples?: Int16Array;
}

/** Feeds the conversation's core one event at a time and wakes it when it wants to be woken. */
export class ConversationRunner {
  state: ConversationState;
  private readonly options: ConversationRunnerOptions;
  private readonly queue: Queued[] = [];
  private busy = false;
  private working = false;
  private stopped = false;
  private cancelWake: (() => void) | undefined;

  constructor(options: ConversationRunnerOptions) {
    this.options = options;
    this.state = options.initial;
  }

  /** Effects may cause events; those wait until the event at hand is done with. */
  tell(event: ConversationNews, samples?: Int16Array): void {
    if (this.stopped) return;
    const stamped = { ...event, atMs: this.options.clock.nowMs() } as ConversationEvent;
    this.queue.push({ event: stamped, ...(samples && { samples }) });
    if (this.working) return;
    this.working = true;
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) this.step(next);
    } finally {
      this.working = false;
    }
    this.sleep();
  }

  /** Something may be due, or the network has shown something of itself. */
  look(): void {
    this.tell({ type: 'timePassed', network: this.options.network() });
  }

  stop(): void {
    this.stopped = true;
    this.cancelWake?.();
  }

  private step({ event, samples }: Queued): void {
    const step = nextConversation(this.state, event, this.options.policy);
    this.state = step.state;
    for (const effect of step.effects) this.options.run(effect, event.atMs, samples);
    this.options.settled(step.effects.some(({ type }) => type === 'announce' || type === 'remember'));
    const busy = isBusy(step.state);
    if (busy === this.busy) return;
    this.busy = busy;
    this.options.busyChanged(busy);
  }

  private sleep(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    const wakeMs = conversationWakeMs(this.state, this.options.policy);
    if (wakeMs === undefined || this.stopped) return;
    const { clock } = this.options;
    this.cancelWake = clock.after(Math.max(0, wakeMs - clock.nowMs()), () => this.look());
  }
}
