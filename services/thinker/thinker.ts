import type { Session as SessionReport, Transcript, Turn as TurnReport } from '#shared/contract/thinker.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';
import { isBusy, nextConversation } from './conversation/conversation.ts';
import {
  CONVERSATION_POLICY,
  type ConversationEffect,
  type ConversationEvent,
  type ConversationPolicy,
  type ConversationState,
  initialConversation,
} from './conversation/conversation-state.ts';
import { historyOf, type LedgerEntry, remember } from './conversation/ledger.ts';
import { Remarks } from './conversation/remarks.ts';
import { type Backend, isOver, reportOf } from './conversation/turn.ts';
import { conversationWakeMs } from './conversation/watchdogs.ts';
import { classifyEnding } from './live/failure.ts';
import type { ConnectLive, LiveConnection, LiveEvent } from './live/live-connection.ts';
import { readServerMessage, type ServerEvent } from './live/server-message.ts';
import { PcmBytes } from './reply/pcm-bytes.ts';
import { ReplyStream } from './reply/reply-stream.ts';
import type { HandleStore } from './session/handle-store.ts';
import {
  initialSession,
  nextSession,
  SESSION_POLICY,
  type SessionEffect,
  type SessionEvent,
  type SessionPolicy,
  type SessionState,
  sessionWakeMs,
} from './session/session.ts';
import { sessionReport } from './session/session-report.ts';
import { NewestFrame } from './uplink/newest-frame.ts';
import { Questions } from './uplink/question.ts';
import { Uplink } from './uplink/uplink.ts';

/** Where the thinker's words go. */
export interface ThinkerOutput {
  turn(report: TurnReport): void;
  transcript(transcript: Transcript): void;
  session(report: SessionReport): void;
  audio(frame: PcmFrame): void;
  /** Spoken to the user by the loudspeaker itself, with every backend dead. */
  explain(text: string): void;
}

export interface ThinkerOptions {
  clock: Clock;
  log: Log;
  meters: Meters;
  output: ThinkerOutput;
  connect: ConnectLive;
  handles: HandleStore;
  identity: { model: string; simulated: boolean };
  firstTurn: number;
  serverVad: boolean;
  liveEnabled: boolean;
  /** From 0 to 1. */
  random(): number;
  sessionPolicy?: SessionPolicy;
  conversationPolicy?: ConversationPolicy;
}

type Queued =
  | { to: 'session'; event: SessionEvent }
  | { to: 'conversation'; event: ConversationEvent; samples?: Int16Array };
type Unstamped<Event> = Event extends { atMs: number } ? Omit<Event, 'atMs'> : never;

/**
 * Runs the two cores (session and conversation) against the world: feeds them events one at a time, carries out their
 * effects, wakes them when they want to be woken. Decides nothing itself.
 */
export class Thinker {
  readonly camera = new NewestFrame();
  readonly remarks = new Remarks();
  private readonly options: ThinkerOptions;
  private readonly sessionPolicy: SessionPolicy;
  private readonly conversationPolicy: ConversationPolicy;
  private readonly questions = new Questions();
  private readonly uplink: Uplink;
  private readonly pcm = new PcmBytes();
  private readonly reply: ReplyStream;
  private readonly queue: Queued[] = [];
  private session: SessionState;
  private conversation: ConversationState;
  private ledger: LedgerEntry[] = [];
  private connection: { number: number; live: LiveConnection } | undefined;
  /** What the connection being opened does not know. */
  private unknown: { sinceMs: number } | undefined;
  private afterClose: (() => void) | undefined;
  private reported = '';
  private busy = false;
  private working = false;
  private stopped = false;
  private cancelWake: (() => void) | undefined;

  constructor(options: ThinkerOptions) {
    this.options = options;
    const { clock, meters } = options;
    this.sessionPolicy = options.sessionPolicy ?? SESSION_POLICY;
    this.conversationPolicy = options.conversationPolicy ?? CONVERSATION_POLICY;
    this.reply = new ReplyStream((frame) => options.output.audio(frame));
    const handle = options.handles.load();
    this.session = initialSession(clock.nowMs(), { enabled: options.liveEnabled, ...(handle && { handle }) });
    this.conversation = initialConversation({
      firstTurn: options.firstTurn,
      level: 'live',
      lowerBackends: [],
      serverVad: options.serverVad,
    });
    this.uplink = new Uplink({
      clock,
      meters,
      questions: this.questions,
      camera: this.camera,
      takeRemarks: () => this.remarks.take(),
      started: (turn) => this.tell({ type: 'questionStarted', turn }),
      sent: (turn) => this.tell({ type: 'questionSent', turn }),
    });
  }

  /** Connects at once, so that the first question finds a connection. */
  start(): void {
    this.report();
    this.want();
  }

  /** Somebody begins to speak or to ask. */
  want(): void {
    this.steer({ type: 'wanted' });
  }

  /** Samples of an utterance in order. @param timeUs capture time of the first of them, Unix microseconds. */
  hear(utterance: number, samples: Int16Array, timeUs: number): void {
    if (!this.questions.hear(utterance, samples)) {
      this.options.meters.count('questionSamplesDropped', samples.length);
    }
    this.tell({ type: 'utteranceStarted', utterance, speechStartedMs: timeUs / 1000 });
    this.uplink.pump();
  }

  endUtterance(utterance: number): void {
    this.questions.end(utterance);
    this.tell({ type: 'utteranceEnded', utterance, speechEndedMs: this.options.clock.nowMs() });
    this.uplink.pump();
  }

  see(jpeg: Uint8Array, retained: boolean): void {
    this.camera.show(jpeg, this.options.clock.nowMs(), retained);
    this.uplink.pump();
  }

  ask(text: string, withFrame: boolean): void {
    this.want();
    this.tell({ type: 'textAsked', kind: 'ask', text, withFrame });
  }

  say(text: string): void {
    this.want();
    this.tell({ type: 'textAsked', kind: 'say', text, withFrame: false });
  }

  interrupt(byVoice: boolean, utterance?: number): void {
    this.tell({ type: 'interruptAsked', byVoice, ...(utterance !== undefined && { utterance }) });
  }

  played(turn: number, state: 'playing' | 'over', position: number): void {
    this.tell({ type: 'played', turn, state, position });
  }

  setLevel(level: Backend): void {
    this.tell({ type: 'levelChanged', level });
  }

  /** Ends the connection; resolves when the socket is closed. */
  stop(): Promise<void> {
    this.stopped = true;
    this.cancelWake?.();
    this.uplink.detach();
    const { connection } = this;
    if (!connection) return Promise.resolve();
    return new Promise((resolve) => {
      this.afterClose = resolve;
      connection.live.close();
    });
  }

  private steer(event: Unstamped<SessionEvent>): void {
    this.take({ to: 'session', event: { ...event, atMs: this.options.clock.nowMs() } as SessionEvent });
  }

  private tell(event: Unstamped<ConversationEvent>, samples?: Int16Array): void {
    const stamped = { ...event, atMs: this.options.clock.nowMs() } as ConversationEvent;
    this.take({ to: 'conversation', event: stamped, ...(samples && { samples }) });
  }

  /** One event at a time: effects may cause events, which wait here. */
  private take(queued: Queued): void {
    this.queue.push(queued);
    if (this.working || this.stopped) return;
    this.working = true;
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) {
        if (next.to === 'session') this.stepSession(next.event);
        else this.stepConversation(next.event, next.samples);
      }
    } finally {
      this.working = false;
    }
    this.report();
    this.sleep();
  }

  private stepSession(event: SessionEvent): void {
    const step = nextSession(this.session, event, this.sessionPolicy);
    const failedNow = step.state.phase.name === 'failed' && this.session.phase.name !== 'failed';
    this.session = step.state;
    for (const effect of step.effects) this.runSessionEffect(effect);
    if (failedNow && step.state.failure) this.tell({ type: 'liveFailed', failure: step.state.failure });
  }

  private runSessionEffect(effect: SessionEffect): void {
    const { handles, meters } = this.options;
    switch (effect.type) {
      case 'open':
        this.open(effect);
        break;
      case 'close':
        this.uplink.detach();
        this.tell({ type: 'disconnected' });
        this.connection?.live.close();
        break;
      case 'ping':
        this.connection?.live.ping();
        break;
      case 'storeHandle':
        handles.save(effect.handle);
        break;
      case 'count':
        meters.count(effect.name);
        break;
    }
  }

  private open(effect: Extract<SessionEffect, { type: 'open' }>): void {
    const number = effect.connection;
    const request = { tools: [], ...(effect.handle !== undefined && { handle: effect.handle }) };
    const live = this.options.connect(request, (event) => this.liveEvent(number, live, event));
    this.connection = { number, live };
    this.unknown = effect.seed ? { sinceMs: effect.retellSinceMs } : undefined;
  }

  private liveEvent(number: number, live: LiveConnection, event: LiveEvent): void {
    if (event.type === 'closed') {
      this.connectionClosed(number, event);
      return;
    }
    if (this.connection?.number !== number || this.stopped) return;
    switch (event.type) {
      case 'opened':
        this.connectionOpened(number, live);
        break;
      case 'message':
        this.options.meters.count('liveBytesReceived', event.bytes);
        this.steer({ type: 'heard', connection: number });
        for (const said of readServerMessage(event.message)) this.serverSaid(number, said);
        break;
      case 'unreadable':
        this.options.meters.count('unreadableMessages');
        break;
      case 'ponged':
        this.steer({ type: 'heard', connection: number });
        break;
    }
  }

  private connectionOpened(number: number, live: LiveConnection): void {
    this.steer({ type: 'opened', connection: number });
    if (this.session.phase.name !== 'open') return;
    this.options.log.info({ connection: number, resumed: this.session.phase.resumed }, 'connected to Gemini Live');
    this.pcm.reset();
    this.uplink.attach(live);
    const lines = this.unknown ? historyOf(this.ledger, this.unknown.sinceMs) : [];
    if (lines.length > 0) live.send({ type: 'history', lines });
    this.tell({ type: 'connected' });
  }

  private connectionClosed(number: number, event: Extract<LiveEvent, { type: 'closed' }>): void {
    if (this.connection?.number === number) {
      this.options.meters.count('liveBytesSent', this.connection.live.sentBytes);
      this.connection = undefined;
      this.uplink.detach();
    }
    this.afterClose?.();
    const failure = classifyEnding(event);
    const { code, httpStatus, reason } = event;
    const planned = this.session.phase.name === 'closing';
    this.options.log[planned ? 'debug' : 'warn'](
      { connection: number, code, httpStatus, reason, kind: failure.kind, advice: failure.message },
      'the connection to Gemini Live has ended',
    );
    if (this.conversation.connected) this.tell({ type: 'disconnected' });
    this.steer({ type: 'closed', connection: number, failure, jitter: this.options.random() });
  }

  private serverSaid(number: number, event: ServerEvent): void {
    switch (event.type) {
      case 'goingAway':
        this.steer({ type: 'goingAway', connection: number, timeLeftMs: event.timeLeftMs });
        break;
      case 'handleUpdated':
        this.steer({ type: 'handleUpdated', connection: number, ...(event.handle && { handle: event.handle }) });
        break;
      case 'audio': {
        const samples = this.pcm.take(event.bytes);
        this.tell({ type: 'serverSaid', event, samples: samples.length }, samples);
        break;
      }
      default:
        this.tell({ type: 'serverSaid', event });
    }
  }

  private stepConversation(event: ConversationEvent, samples: Int16Array | undefined): void {
    const step = nextConversation(this.conversation, event, this.conversationPolicy);
    this.conversation = step.state;
    for (const effect of step.effects) this.runConversationEffect(effect, event.atMs, samples);
    const busy = isBusy(step.state);
    if (busy === this.busy) return;
    this.busy = busy;
    this.steer({ type: 'busyChanged', busy });
  }

  private runConversationEffect(effect: ConversationEffect, atMs: number, samples: Int16Array | undefined): void {
    const { output, meters } = this.options;
    switch (effect.type) {
      case 'announce':
        output.turn(reportOf(effect.turn, atMs));
        if (isOver(effect.turn)) this.questions.forget(effect.turn);
        break;
      case 'transcribe': {
        const text = effect.role === 'user' ? effect.turn.userText : effect.turn.modelText;
        output.transcript({ turn: effect.turn.number, role: effect.role, text, final: effect.final, at: atMs });
        break;
      }
      case 'prepareText': {
        const text = effect.kind === 'say' ? `${SAY_EXACTLY}\n${effect.text}` : effect.text;
        this.questions.write(effect.turn, text, effect.withFrame);
        break;
      }
      case 'ask':
        this.uplink.ask(effect.turn, effect.remark);
        break;
      case 'withdraw':
        this.uplink.withdraw(effect.turn);
        break;
      case 'hush':
        this.connection?.live.send({ type: 'hush' });
        break;
      case 'playAudio':
        if (samples) this.reply.play(effect.turn, samples, atMs);
        break;
      case 'endAudio':
        this.pcm.reset();
        this.reply.end(effect.turn, atMs);
        break;
      case 'reconnect':
        if (this.connection) this.steer({ type: 'gaveUpOn', connection: this.connection.number });
        break;
      case 'explain':
        output.explain(effect.text);
        break;
      case 'remember':
        this.ledger = remember(this.ledger, effect.turn, atMs);
        break;
      case 'answerWith':
      case 'cancelAnswer':
        break;
      case 'count':
        meters.count(effect.name);
        break;
    }
  }

  /** Publishes the session's state where it has changed. */
  private report(): void {
    const report = sessionReport(this.session, this.options.identity);
    const text = JSON.stringify(report);
    if (text === this.reported) return;
    this.reported = text;
    this.options.output.session(report);
  }

  private sleep(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    const times = [
      sessionWakeMs(this.session, this.sessionPolicy),
      conversationWakeMs(this.conversation, this.conversationPolicy),
    ].filter((time) => time !== undefined);
    if (times.length === 0) return;
    const { clock, random } = this.options;
    this.cancelWake = clock.after(Math.max(0, Math.min(...times) - clock.nowMs()), () => {
      this.steer({ type: 'timePassed', jitter: random() });
      this.tell({ type: 'timePassed' });
    });
  }
}

const SAY_EXACTLY = 'Say exactly the following, word for word, and nothing else:';
