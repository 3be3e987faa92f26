import type { Clock } from '#shared/time/clock.ts';
import { EventLoop } from '../event-loop.ts';
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
  /** After all effects of one event; `changed` where a successor would have to know of them. */
  settled(changed: boolean): void;
  /** A turn is at the server now, or none is any more. */
  busyChanged(busy: boolean): void;
  network(): Network;
}

/** Effects of which a successor has to know: an answer is complete long before its turn is over. */
const LASTING: ReadonlySet<ConversationEffect['type']> = new Set(['announce', 'prepareText', 'remember', 'endAudio']);

interface Queued {
  event: ConversationEvent;
  samples?: Int16Array;
}

/** The conversation's core, kept going: fed with what happens, its effects handed to whoever carries them out. */
export class ConversationRunner {
  state: ConversationState;
  private readonly options: ConversationRunnerOptions;
  private readonly loop: EventLoop<Queued>;
  private busy = false;

  constructor(options: ConversationRunnerOptions) {
    this.options = options;
    this.state = options.initial;
    this.loop = new EventLoop({
      clock: options.clock,
      step: (queued) => this.step(queued),
      wakeMs: () => conversationWakeMs(this.state, options.policy),
      wake: () => this.look(),
    });
  }

  tell(event: ConversationNews, samples?: Int16Array): void {
    const stamped = { ...event, atMs: this.options.clock.nowMs() } as ConversationEvent;
    this.loop.take({ event: stamped, ...(samples && { samples }) });
  }

  /** Something may be due, or the network has shown something of itself. */
  look(): void {
    this.tell({ type: 'timePassed', network: this.options.network() });
  }

  stop(): void {
    this.loop.stop();
  }

  private step({ event, samples }: Queued): void {
    const step = nextConversation(this.state, event, this.options.policy);
    this.state = step.state;
    for (const effect of step.effects) this.options.run(effect, event.atMs, samples);
    this.options.settled(step.effects.some(({ type }) => LASTING.has(type)));
    const busy = isBusy(step.state);
    if (busy === this.busy) return;
    this.busy = busy;
    this.options.busyChanged(busy);
  }
}
