import { Answers } from './answers.ts';
import { ConversationRunner } from './conversation/conversation-runner.ts';
import { CONVERSATION_POLICY, initialConversation } from './conversation/conversation-state.ts';
import { Recollection } from './conversation/recollection.ts';
import { Remarks } from './conversation/remarks.ts';
import { resume } from './conversation/take-up.ts';
import type { Backend } from './conversation/turn.ts';
import { carryOut, type Workers } from './effects.ts';
import { Bill } from './live/bill.ts';
import type { LiveConnection } from './live/live-connection.ts';
import type { ServerEvent } from './live/server-message.ts';
import { Repeats } from './repeats.ts';
import { LiveSound } from './reply/live-sound.ts';
import { ReplyStream } from './reply/reply-stream.ts';
import { SessionRunner } from './session/session-runner.ts';
import { SESSION_POLICY } from './session/session-state.ts';
import type { ThinkerOptions } from './thinker-options.ts';
import { Toolbox } from './tools/toolbox.ts';
import { NewestFrame } from './uplink/newest-frame.ts';
import { OpenMicrophone } from './uplink/open-microphone.ts';
import { PictureRoom } from './uplink/picture-room.ts';
import { Questions } from './uplink/question.ts';
import { Uplink } from './uplink/uplink.ts';

/**
 * Brings conversation and session together with everything they need: hands what happens to the cores, and their effects
 * to whoever carries them out. Decides nothing itself.
 */
export class Thinker {
  readonly remarks = new Remarks();
  readonly tools: Toolbox;
  readonly camera = new NewestFrame();
  private readonly options: ThinkerOptions;
  private readonly questions = new Questions();
  private readonly liveSound: LiveSound;
  private readonly session: SessionRunner;
  private readonly uplink: Uplink;
  private readonly openMicrophone: OpenMicrophone;
  private readonly reply: ReplyStream;
  private readonly answers: Answers;
  private readonly bill: Bill;
  private readonly conversation: ConversationRunner;
  private readonly recollection: Recollection;
  private readonly repeats: Repeats;
  private hearing: number | undefined;
  private level: Backend = 'live';
  private liveEnabled: boolean;
  private stopped = false;

  constructor(options: ThinkerOptions) {
    this.options = options;
    const { clock, log, meters, output, backends } = options;
    this.repeats = new Repeats(clock, meters);
    this.bill = new Bill(options.identity.model, meters);
    this.reply = new ReplyStream((frame) => output.audio(frame));
    this.liveSound = new LiveSound({ log, meters, deliver: (event, samples) => this.serverSaid(event, samples) });
    this.answers = new Answers(backends, log, (turn, report, samples) =>
      this.conversation.tell({ type: 'backendReported', turn, report }, samples),
    );
    this.tools = new Toolbox({
      clock,
      meters,
      call: output.toolCall,
      tell: output.toolStatus,
      respond: (responses) => {
        this.session.send({ type: 'toolResponses', responses });
        if (!this.tools.waiting) this.conversation.tell({ type: 'toolsAnswered' });
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
          this.conversation.tell({ type: 'disconnected' });
        },
        said: (event) => this.liveSound.accept(event),
        failed: (failure) => this.conversation.tell({ type: 'liveFailed', failure }),
        ponged: (ping) => {
          room.ponged(ping);
          this.conversation.look();
        },
        reported: (report) => output.session(report),
      },
    );
    this.recollection = new Recollection(options.memory, clock.nowMs());
    this.liveEnabled = options.liveEnabled;
    this.conversation = new ConversationRunner({
      clock,
      policy: options.conversationPolicy ?? CONVERSATION_POLICY,
      initial: initialConversation({
        // A restart within a second of the last turn would otherwise give its number again.
        firstTurn: Math.max(options.firstTurn, this.recollection.lastTurn + 1),
        level: 'live',
        lowerBackends: this.answers.levels,
        serverVad: options.serverVad,
      }),
      run: (effect, atMs, samples) => carryOut(workers, effect, atMs, samples),
      settled: (changed) => {
        if (changed) this.save();
      },
      busyChanged: (busy) => this.session.setBusy(busy),
      network: () => this.session.network,
    });
    const room = new PictureRoom({ clock, ping: (behindSound) => this.session.ping(behindSound) });
    this.openMicrophone = new OpenMicrophone({
      clock,
      meters,
      camera: this.camera,
      room,
      inTurn: () => this.conversation.state.active !== undefined,
    });
    this.uplink = new Uplink({
      clock,
      meters,
      questions: this.questions,
      camera: this.camera,
      room,
      sceneResendMs: options.sceneResendMs,
      remarksFor: (turn) => this.remarks.takeAlong(turn, ...this.recollection.takeNews()),
      started: (turn) => this.conversation.tell({ type: 'questionStarted', turn }),
      sent: (turn) => {
        this.conversation.tell({ type: 'questionSent', turn });
        this.session.ping(true);
      },
    });
    const { session, uplink, questions, camera, remarks, recollection, tools, answers, reply, liveSound } = this;
    const workers: Workers = {
      ...{ clock, meters, output, session, uplink, questions, camera },
      ...{ remarks, recollection, tools, answers, reply, liveSound },
    };
  }

  /** Connects, so that the first question finds a connection, and takes up what a predecessor left unfinished. */
  start(): void {
    this.session.start();
    this.applyLevel();
    resume(this.recollection, this.options, (news) => this.conversation.tell(news));
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
      this.recollection.heardOf(utterance);
      this.want();
      this.conversation.tell({ type: 'utteranceStarted', utterance, speechStartedMs: timeUs / 1000 });
    }
    this.uplink.pump();
  }

  endUtterance(utterance: number): void {
    if (this.options.serverVad) return;
    this.questions.end(utterance);
    this.conversation.tell({ type: 'utteranceEnded', utterance, speechEndedMs: this.options.clock.nowMs() });
    this.uplink.pump();
    const { active, waiting } = this.conversation.state;
    // What was still said in a turn that is over already is nobody's question.
    if (![active, ...waiting].some((turn) => turn?.utterance === utterance)) this.questions.drop(utterance);
  }

  see(jpeg: Uint8Array, retained: boolean): void {
    this.camera.show(jpeg, this.options.clock.nowMs(), retained);
    this.uplink.pump();
    this.openMicrophone.pump();
  }

  /** A question in text. One that comes again within a minute, by its id, has been asked already; so has a `say`. */
  ask(id: string, text: string, withFrame: boolean): void {
    if (this.repeats.isRepeat(`ask ${id}`)) return;
    this.want();
    this.conversation.tell({ type: 'textAsked', kind: 'ask', text, userText: text, withFrame });
  }

  say(id: string, text: string): void {
    if (this.repeats.isRepeat(`say ${id}`)) return;
    this.want();
    this.conversation.tell({ type: 'textAsked', kind: 'say', text, userText: '', withFrame: false });
  }

  interrupt(byVoice: boolean, utterance?: number): void {
    this.conversation.tell({ type: 'interruptAsked', byVoice, ...(utterance !== undefined && { utterance }) });
  }

  /** What was spoken is withdrawn: it is neither sent on nor answered. */
  discard(utterance: number): void {
    this.conversation.tell({ type: 'questionDiscarded', utterance });
  }

  played(turn: number, state: 'playing' | 'over', position: number): void {
    this.conversation.tell({ type: 'played', turn, state, position });
    this.save(true);
  }

  /** Somebody asks for the sound of a turn from there on, of which nothing is kept. */
  soundMissed(turn: number, position: number): void {
    this.conversation.tell({ type: 'soundMissed', turn, position });
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
    this.conversation.tell({
      type: 'levelChanged',
      level: this.liveEnabled || this.level !== 'live' ? this.level : below,
    });
  }

  /** Ends the connection; resolves when the socket is closed. */
  stop(): Promise<void> {
    this.save();
    this.stopped = true;
    this.conversation.stop();
    this.uplink.detach();
    this.openMicrophone.detach();
    this.answers.stop();
    return this.session.stop();
  }

  private save(often = false): void {
    if (this.stopped) return;
    const { state } = this.conversation;
    const texts = [...(state.active ? [state.active] : []), ...state.waiting].flatMap((turn) => {
      const question = turn.kind === 'speech' ? undefined : this.questions.of(turn);
      if (turn.kind === 'speech' || question?.kind !== 'text') return [];
      const { text, withFrame } = question;
      return { turn: turn.number, kind: turn.kind, text, withFrame };
    });
    this.recollection.save(state, texts, this.options.clock.nowMs(), often);
  }

  private sessionOpened(live: LiveConnection, unknownSinceMs: number | undefined): void {
    this.liveSound.newConnection();
    this.bill.newConnection();
    this.uplink.attach(live);
    const lines = unknownSinceMs === undefined ? [] : this.recollection.tellSince(unknownSinceMs);
    if (lines.length > 0) live.send({ type: 'history', lines });
    if (this.options.serverVad) this.openMicrophone.attach(live);
    this.conversation.tell({ type: 'connected' });
  }

  private serverSaid(event: ServerEvent, samples: Int16Array = new Int16Array(0)): void {
    switch (event.type) {
      case 'audio':
        this.bill.heard(samples.length);
        this.conversation.tell({ type: 'serverSaid', event, samples: samples.length }, samples);
        return;
      case 'usageReported': {
        const { sentBytes, receivedBytes } = this.session;
        const usage = this.bill.book(event.usage, { sentBytes, receivedBytes, pictures: this.uplink.picturesSent });
        this.conversation.tell({ type: 'usageBooked', usage });
        return;
      }
      case 'toolsCalled':
        this.conversation.tell({ type: 'serverSaid', event });
        this.tools.called(event.calls);
        // Of a turn that was cut, only the model waits for the result.
        if (!this.conversation.state.active || this.conversation.state.active.phase === 'listening')
          this.tools.abandon();
        return;
      case 'toolsCancelled':
        this.tools.cancel(event.ids);
        if (!this.tools.waiting) this.conversation.tell({ type: 'toolsAnswered' });
        return;
      default:
        this.conversation.tell({ type: 'serverSaid', event });
    }
  }
}
