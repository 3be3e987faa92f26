import type { Session as SessionReport, Transcript, Turn as TurnReport } from '#shared/contract/thinker.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import type { Clock } from '#shared/time/clock.ts';
import { Answers } from './answers.ts';
import type { AnswerBackend, Question } from './backends/answer-backend.ts';
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
import type { MemoryStore, UnfinishedTurn } from './conversation/memory-store.ts';
import { Remarks } from './conversation/remarks.ts';
import { type Backend, heardText, isOver, newTurn, nextTurn, reportOf, type Turn } from './conversation/turn.ts';
import { conversationWakeMs } from './conversation/watchdogs.ts';
import { Bill } from './live/bill.ts';
import { answerAgain, GO_ON, onlyHeard } from './live/instruction.ts';
import type { ConnectLive, LiveConnection } from './live/live-connection.ts';
import type { ServerEvent } from './live/server-message.ts';
import { PcmBytes } from './reply/pcm-bytes.ts';
import { ReplyStream } from './reply/reply-stream.ts';
import type { HandleStore } from './session/handle-store.ts';
import { SessionRunner } from './session/session-runner.ts';
import { SESSION_POLICY, type SessionPolicy } from './session/session-state.ts';
import { Toolbox, type ToolboxOptions } from './tools/toolbox.ts';
import { NewestFrame } from './uplink/newest-frame.ts';
import { OpenMicrophone } from './uplink/open-microphone.ts';
import { Questions, wholeOf } from './uplink/question.ts';
import { Uplink } from './uplink/uplink.ts';

/** Where the thinker's words go. */
export interface ThinkerOutput {
  turn(report: TurnReport): void;
  transcript(transcript: Transcript): void;
  session(report: SessionReport): void;
  audio(frame: PcmFrame): void;
  /** A tool is called, and what became of a layer's declaration or result. */
  toolCall: ToolboxOptions['call'];
  toolStatus: ToolboxOptions['tell'];
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
  memory: MemoryStore;
  /** Asks the microphone for the samples of an utterance, from its beginning. */
  recall(utterance: number): void;
  /** Below `live`, best first. */
  backends: readonly AnswerBackend[];
  identity: { model: string; simulated: boolean };
  firstTurn: number;
  serverVad: boolean;
  liveEnabled: boolean;
  /** From 0 to 1. */
  random(): number;
  sessionPolicy?: SessionPolicy;
  conversationPolicy?: ConversationPolicy;
}

interface Queued {
  event: ConversationEvent;
  /** The sound that came with it. */
  samples?: Int16Array;
}
type Unstamped<Event> = Event extends { atMs: number } ? Omit<Event, 'atMs'> : never;

/** While an answer plays, what was heard of it is stored this often. */
const SAVE_PERIOD_MS = 1_000;

/**
 * Runs the conversation's core against the world: feeds it events one at a time, carries out its effects, wakes it when
 * it wants to be woken. Decides nothing itself.
 */
export class Thinker {
  readonly remarks = new Remarks();
  readonly tools: Toolbox;
  private readonly options: ThinkerOptions;
  private readonly policy: ConversationPolicy;
  private readonly camera = new NewestFrame();
  private readonly questions = new Questions();
  private readonly pcm = new PcmBytes();
  private readonly session: SessionRunner;
  private readonly uplink: Uplink;
  private readonly openMicrophone: OpenMicrophone;
  private readonly reply: ReplyStream;
  private readonly answers: Answers;
  private readonly bill: Bill;
  private readonly queue: Queued[] = [];
  private conversation: ConversationState;
  private readonly unfinished: UnfinishedTurn | undefined;
  private ledger: LedgerEntry[];
  private hearing: number | undefined;
  private savedAtMs = 0;
  private toldCut = 0;
  private level: Backend = 'live';
  private liveEnabled: boolean;
  private busy = false;
  private working = false;
  private stopped = false;
  private cancelWake: (() => void) | undefined;

  constructor(options: ThinkerOptions) {
    this.options = options;
    const { clock, log, meters, output, backends } = options;
    this.policy = options.conversationPolicy ?? CONVERSATION_POLICY;
    this.bill = new Bill(options.identity.model, meters);
    this.reply = new ReplyStream((frame) => output.audio(frame));
    this.answers = new Answers(backends, log, (turn, report, samples) =>
      this.tell({ type: 'backendReported', turn, report }, samples),
    );
    this.tools = new Toolbox({
      clock,
      meters,
      call: output.toolCall,
      tell: output.toolStatus,
      respond: (responses) => {
        this.session.send({ type: 'toolResponses', responses });
        if (!this.tools.waiting) this.tell({ type: 'toolsAnswered' });
      },
      changed: () => this.session.toolsChanged(),
    });
    this.session = new SessionRunner(
      {
        ...options,
        enabled: options.liveEnabled,
        policy: options.sessionPolicy ?? SESSION_POLICY,
        tools: () => this.tools.declarations,
      },
      {
        opened: (live, unknownSinceMs) => this.sessionOpened(live, unknownSinceMs),
        lost: () => {
          this.uplink.detach();
          this.openMicrophone.detach();
          this.tools.cancel();
          this.tell({ type: 'disconnected' });
        },
        said: (event) => this.serverSaid(event),
        failed: (failure) => this.tell({ type: 'liveFailed', failure }),
        reported: (report) => output.session(report),
      },
    );
    const { ledger, unfinished } = options.memory.load(clock.nowMs());
    this.ledger = [...ledger];
    this.unfinished = unfinished;
    // A restart within a second of the last turn would otherwise give its number again.
    const known = Math.max(unfinished?.turn ?? 0, ledger.at(-1)?.turn ?? 0);
    this.liveEnabled = options.liveEnabled;
    this.conversation = initialConversation({
      firstTurn: Math.max(options.firstTurn, known + 1),
      level: 'live',
      lowerBackends: this.answers.levels,
      serverVad: options.serverVad,
    });
    this.openMicrophone = new OpenMicrophone({
      clock,
      meters,
      camera: this.camera,
      inTurn: () => this.conversation.active !== undefined,
    });
    this.uplink = new Uplink({
      clock,
      meters,
      questions: this.questions,
      camera: this.camera,
      takeRemarks: () => this.takeRemarks(),
      started: (turn) => this.tell({ type: 'questionStarted', turn }),
      sent: (turn) => {
        this.tell({ type: 'questionSent', turn });
        this.session.ping();
      },
    });
  }

  /** Connects, so that the first question finds a connection, and takes up what a predecessor left unfinished. */
  start(): void {
    this.session.start();
    this.applyLevel();
    if (this.unfinished) this.takeUp(this.unfinished);
  }

  /** Somebody begins to speak: the connection must stand by the time the question is whole. */
  want(): void {
    this.session.want();
  }

  /** Samples of an utterance, in order. @param timeUs capture time of the first of them, Unix microseconds. */
  hear(utterance: number, samples: Int16Array, timeUs: number): void {
    if (this.options.serverVad) {
      this.openMicrophone.hear(samples);
      return;
    }
    if (!this.questions.hear(utterance, samples)) this.options.meters.count('questionSamplesDropped', samples.length);
    if (this.hearing !== utterance) {
      this.hearing = utterance;
      this.want();
      this.tell({ type: 'utteranceStarted', utterance, speechStartedMs: timeUs / 1000 });
    }
    this.uplink.pump();
  }

  endUtterance(utterance: number): void {
    if (this.options.serverVad) return;
    this.questions.end(utterance);
    this.tell({ type: 'utteranceEnded', utterance, speechEndedMs: this.options.clock.nowMs() });
    this.uplink.pump();
  }

  see(jpeg: Uint8Array, retained: boolean): void {
    this.camera.show(jpeg, this.options.clock.nowMs(), retained);
    this.uplink.pump();
    this.openMicrophone.pump();
  }

  ask(text: string, withFrame: boolean): void {
    this.want();
    this.tell({ type: 'textAsked', kind: 'ask', text, userText: text, withFrame });
  }

  say(text: string): void {
    this.want();
    this.tell({ type: 'textAsked', kind: 'say', text, userText: '', withFrame: false });
  }

  interrupt(byVoice: boolean, utterance?: number): void {
    this.tell({ type: 'interruptAsked', byVoice, ...(utterance !== undefined && { utterance }) });
  }

  played(turn: number, state: 'playing' | 'over', position: number): void {
    this.tell({ type: 'played', turn, state, position });
    if (this.options.clock.nowMs() - this.savedAtMs >= SAVE_PERIOD_MS) this.save();
  }

  setLevel(level: Backend): void {
    this.level = level;
    this.applyLevel();
  }

  /** Switches the Live API on or off at run time; off, the next level down answers whatever the router says. */
  enableLive(enabled: boolean): void {
    this.liveEnabled = enabled;
    this.session.enable(enabled);
    this.applyLevel();
  }

  private applyLevel(): void {
    const below = this.answers.levels[0] ?? 'live';
    this.tell({ type: 'levelChanged', level: this.liveEnabled || this.level !== 'live' ? this.level : below });
  }

  /** Ends the connection; resolves when the socket is closed. */
  stop(): Promise<void> {
    this.save();
    this.stopped = true;
    this.cancelWake?.();
    this.uplink.detach();
    this.openMicrophone.detach();
    this.answers.stop();
    return this.session.stop();
  }

  /** A question without an answer is answered now; half an answer is given again, once, and it is said why. */
  private takeUp(unfinished: UnfinishedTurn): void {
    const { turn, kind, utterance, text, answering, heard } = unfinished;
    this.options.meters.count('turnsTakenUp');
    if (kind === 'speech' && utterance !== undefined && !answering) {
      this.tell({ type: 'turnInherited', turn, utterance });
      this.options.recall(utterance);
      return;
    }
    const cutOff = newTurn(turn, kind, 'live', utterance);
    const failure = {
      kind: 'restarted',
      message: 'the thinker was restarted in this turn; it asks again',
      retryable: true,
    };
    const atMs = this.options.clock.nowMs();
    this.options.output.turn(reportOf(nextTurn(cutOff, { type: 'failed', failure, atMs }), atMs));
    if (!answering && kind !== 'speech') {
      this.tell({ type: 'textAsked', kind, text, userText: kind === 'ask' ? text : '', withFrame: false });
    } else if (answering && kind !== 'say' && text) {
      this.tell({ type: 'textAsked', kind: 'ask', text: answerAgain(text, heard), userText: '', withFrame: false });
    } else if (utterance !== undefined) this.options.recall(utterance);
  }

  private save(): void {
    if (this.stopped) return;
    this.savedAtMs = this.options.clock.nowMs();
    const { active } = this.conversation;
    const written = active && active.kind !== 'speech' ? this.questions.of(active) : undefined;
    const unfinished = active && {
      turn: active.number,
      kind: active.kind,
      ...(active.utterance !== undefined && { utterance: active.utterance }),
      text: written?.kind === 'text' ? written.text : active.userText,
      answering: active.replySamples > 0,
      heard: heardText(active),
    };
    this.options.memory.save({ ledger: this.ledger, ...(unfinished && { unfinished }) });
  }

  private sessionOpened(live: LiveConnection, unknownSinceMs: number | undefined): void {
    this.session.ping();
    this.pcm.reset();
    this.bill.newConnection();
    this.uplink.attach(live);
    const lines = unknownSinceMs === undefined ? [] : historyOf(this.ledger, unknownSinceMs);
    if (lines.length > 0) live.send({ type: 'history', lines });
    if (this.options.serverVad) this.openMicrophone.attach(live);
    this.tell({ type: 'connected' });
  }

  private serverSaid(event: ServerEvent): void {
    switch (event.type) {
      case 'audio': {
        const samples = this.pcm.take(event.bytes);
        this.bill.heard(samples.length);
        this.tell({ type: 'serverSaid', event, samples: samples.length }, samples);
        return;
      }
      case 'usageReported': {
        const { sentBytes, receivedBytes } = this.session;
        const usage = this.bill.book(event.usage, { sentBytes, receivedBytes, pictures: this.uplink.picturesSent });
        this.tell({ type: 'usageBooked', usage });
        return;
      }
      case 'toolsCalled':
        this.tell({ type: 'serverSaid', event });
        this.tools.called(event.calls);
        // Of a turn that was cut, only the model waits for the result.
        if (!this.conversation.active || this.conversation.active.phase === 'listening') this.tools.abandon();
        return;
      case 'toolsCancelled':
        this.tools.cancel(event.ids);
        return;
      default:
        this.tell({ type: 'serverSaid', event });
    }
  }

  /** What the model has to know before the next question. */
  private takeRemarks(): string[] {
    const last = this.ledger.at(-1);
    const remarks = this.remarks.take();
    if (!last?.cut || last.turn === this.toldCut) return remarks;
    this.toldCut = last.turn;
    return [onlyHeard(last.heard), ...remarks];
  }

  /** One event at a time: effects may cause events, which wait here. */
  private tell(event: Unstamped<ConversationEvent>, samples?: Int16Array): void {
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

  private step({ event, samples }: Queued): void {
    const step = nextConversation(this.conversation, event, this.policy);
    this.conversation = step.state;
    for (const effect of step.effects) this.run(effect, event.atMs, samples);
    if (step.effects.some(({ type }) => type === 'announce' || type === 'remember')) this.save();
    const busy = isBusy(step.state);
    if (busy === this.busy) return;
    this.busy = busy;
    this.session.setBusy(busy);
  }

  private run(effect: ConversationEffect, atMs: number, samples: Int16Array | undefined): void {
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
        const { turn, kind, text, withFrame } = effect;
        this.questions.write(turn, { text, withFrame, exactly: kind === 'say' });
        break;
      }
      case 'ask':
        this.uplink.ask(effect.turn, effect.remark);
        break;
      case 'goOn':
        this.session.send({ type: 'question', text: GO_ON });
        break;
      case 'withdraw':
        this.tools.abandon();
        this.uplink.withdraw(effect.turn);
        break;
      case 'hush':
        this.session.send({ type: 'hush' });
        break;
      case 'playAudio':
        if (samples) this.reply.play(effect.turn, samples, atMs);
        break;
      case 'endAudio':
        this.pcm.reset();
        this.reply.end(effect.turn, atMs);
        break;
      case 'reconnect':
        this.session.giveUp();
        break;
      case 'explain':
        output.explain(effect.text);
        break;
      case 'remember':
        this.ledger = remember(this.ledger, effect.turn, atMs);
        break;
      case 'answerWith':
        this.answers.begin(effect.turn.number, effect.backend, this.wholeQuestion(effect.turn));
        break;
      case 'cancelAnswer':
        this.answers.cancel(effect.turn);
        break;
      case 'count':
        meters.count(effect.name);
        break;
    }
  }

  /** All a backend below `live` needs to answer on its own. */
  private wholeQuestion(turn: Turn): Question | undefined {
    const question = this.questions.of(turn);
    if (!question) return undefined;
    const history = historyOf(this.ledger, Number.NEGATIVE_INFINITY);
    const spoken = question.kind === 'speech';
    const frame = spoken || question.withFrame ? this.camera.fresh(this.options.clock.nowMs()) : undefined;
    const cannotSee = frame === undefined;
    if (spoken) return { audio: wholeOf(question), frame, cannotSee, history };
    return question.exactly
      ? { sayExactly: question.text, history }
      : { text: question.text, frame, cannotSee, history };
  }

  private sleep(): void {
    this.cancelWake?.();
    this.cancelWake = undefined;
    const wakeMs = conversationWakeMs(this.conversation, this.policy);
    if (wakeMs === undefined || this.stopped) return;
    const { clock } = this.options;
    this.cancelWake = clock.after(Math.max(0, wakeMs - clock.nowMs()), () => {
      const { heardAtMs, rttMs } = this.session;
      this.tell({ type: 'timePassed', heardAtMs, rttMs });
    });
  }
}
