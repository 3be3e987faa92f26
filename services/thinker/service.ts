import { GoogleGenAI } from '@google/genai';
import { startOwnState } from '#shared/bus/own-state.ts';
import { isLiveWanted } from '#shared/config/live-wanted.ts';
import { microphonePcm, microphoneResend, type Resend, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { type Fallback, fallback, interrupt, privacy, runtimeSettings } from '#shared/contract/control.ts';
import { decision } from '#shared/contract/layers.ts';
import { alert, playback, speakerState } from '#shared/contract/speaker.ts';
import {
  ask,
  context as contextRemark,
  type Failure,
  replyPcm,
  replyResend,
  say,
  session,
  transcript,
  turn,
} from '#shared/contract/thinker.ts';
import { toolCall, toolDeclare, toolResult, toolStatus } from '#shared/contract/tools.ts';
import { frame } from '#shared/contract/vision.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { stackIsStopping } from '#shared/lifecycle/stop-notice.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { startPcmReceiver } from '#shared/pcm/pcm-receiver.ts';
import { MICROPHONE_RATE_HZ, REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { firstStreamNumber } from '#shared/pcm/stream-number.ts';
import { createBackends } from './backends/create-backends.ts';
import { CONVERSATION_POLICY, type ConversationPolicy } from './conversation/conversation-state.ts';
import { fileMemoryStore } from './conversation/memory-store.ts';
import { becauseOf } from './conversation/spoken-reason.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { genaiLiveConnections } from './live/genai-live-connection.ts';
import { SYSTEM_INSTRUCTION } from './live/instruction.ts';
import { priceOf } from './live/prices.ts';
import { Delivery } from './reply/delivery.ts';
import { fileLeftReply } from './reply/left-reply.ts';
import { fileHandleStore } from './session/handle-store.ts';
import { type SessionPolicy, sessionPolicy } from './session/session-state.ts';
import { becomeSoleThinker } from './session/sole-thinker.ts';
import { Thinker } from './thinker.ts';
import { anyJson } from './tools/any-json.ts';

/** Five minutes (14 MB) that nobody has played yet; a longer reply cannot be repaired from its beginning any more. */
const REPLY_HISTORY_SAMPLES = 300 * REPLY_RATE_HZ;
/** audio-in that died in the middle of an utterance: the question is taken to end where it was cut. */
const MICROPHONE_REPAIR = { askEveryMs: 100, stallAskMs: 300, giveUpMs: 2_000, abandonMs: 3_000 };

/** Limits other than the usual ones, for tests that live faster. */
export interface ThinkerPolicies {
  session?: Partial<SessionPolicy>;
  conversation?: Partial<ConversationPolicy>;
}

/**
 * Starts the thinker. While another one of the same state folder is there (the predecessor in a reload), this one is ready
 * but does nothing; it takes over the moment the other has gone.
 */
export async function startThinker(context: ServiceContext, policies: ThinkerPolicies = {}): Promise<Running> {
  const teardown = new Teardown();
  const sole = becomeSoleThinker(context.settings.stateDir);
  teardown.add(() => sole.release());
  let stopped = false;
  teardown.add(() => {
    stopped = true;
  });
  const delivery = new Delivery(context.clock);
  const wired = sole.alone.then(() => (stopped ? undefined : wire(context, policies, teardown, delivery)));
  const otherIsThere = new Promise<boolean>((resolve) => context.clock.after(SETTLE_MS, () => resolve(!sole.isAlone)));
  try {
    if (await Promise.race([wired.then(() => false), otherIsThere])) {
      context.log.info('another thinker is still there; taking over when it has gone');
      wired.catch(context.fail);
    } else await wired;
  } catch (error) {
    await teardown.run();
    throw error;
  }
  return {
    async handOver() {
      // Without a successor (`pm2 restart`, a stop) nobody is served by waiting: the answer is given again afterwards.
      if (sole.isAwaited) await delivery.finished(DELIVERED_WITHIN_MS);
    },
    stop: () => teardown.run(),
  };
}

/** With the deadline of a stop (4 s) less than `kill_timeout` in ecosystem.config.js. Answers come faster than they are spoken. */
const DELIVERED_WITHIN_MS = 20_000;

/** Long enough to find out whether another thinker holds the session, short enough for a start. */
const SETTLE_MS = 100;

async function wire(
  context: ServiceContext,
  policies: ThinkerPolicies,
  teardown: Teardown,
  delivery: Delivery,
): Promise<void> {
  const { bus, clock, log, meters, settings, describe } = context;
  const endpoint = endpointOf(settings);
  const model = settings.geminiLiveModel;
  if (!priceOf(model)) log.warn({ model }, 'no price is known for this model: its tokens are counted, its cost is not');
  let soundMissed: (request: Resend) => void = () => undefined;
  const replies = await startPcmPublisher(
    bus,
    { pcm: replyPcm, resend: replyResend },
    REPLY_HISTORY_SAMPLES,
    (request) => soundMissed(request),
  );
  const leftReply = fileLeftReply(settings.stateDir, log);
  // A speaker that was replaced, too, may not know of the last of them.
  const left = leftReply.take(clock.nowMs());
  replies.inherit(left);
  teardown.add(() => {
    // What nobody is going to hear shall not lie on the disk.
    if (!stackIsStopping(settings.stateDir, clock.nowMs())) leftReply.leave(replies.unfinished());
    replies.stop();
  });

  let unavailable: Failure | undefined;
  let level: Fallback['level'] = 'live';
  const { models } = new GoogleGenAI({
    apiKey: endpoint.apiKey,
    httpOptions: { apiVersion: 'v1beta', ...(endpoint.baseUrl !== undefined && { baseUrl: endpoint.baseUrl }) },
  });
  const backends = createBackends({
    settings,
    models,
    instruction: SYSTEM_INSTRUCTION,
    offlineReason: () => becauseOf(unavailable),
    // Whoever decides on the level says why; without a router nobody has.
    reasonTold: () => level === 'offline',
    clock,
    log,
    meters,
  });
  teardown.add(() => backends.stop());

  const sessionState = await startOwnState(bus, session, clock);
  teardown.add(() => sessionState.stop());
  /** What a predecessor has left of the utterances: the last that is settled, and those that are heard again from their beginning. */
  let settled: number | undefined;
  let recalled: readonly number[] = [];
  const thinker = new Thinker({
    clock,
    log,
    meters,
    output: {
      turn(report) {
        bus.publish(turn, report);
        // A speaker that had not begun with it says nothing of it. Kept, it would be shown when the speaker remembers it no more.
        if (report.state === 'interrupted') replies.finished(report.turn, clock.nowMs());
      },
      transcript: (text) => bus.publish(transcript, text),
      session: (report) => {
        unavailable = report.error;
        sessionState.publish(report);
      },
      toolCall: (name, call) => bus.publish(atTopic(toolCall, { name }), call),
      toolStatus: (name, status) => bus.publish(atTopic(toolStatus, { name }), { ...status, at: clock.nowMs() }),
      audio(pcm) {
        replies.publish(pcm);
        delivery.published(pcm);
      },
      explain: (text) => bus.publish(alert, { id: `thinker-${clock.nowMs()}`, earcon: 'attention', text }),
    },
    connect: genaiLiveConnections({ endpoint, settings, clock }),
    backends: [backends.http, backends.offline],
    memory: fileMemoryStore(settings.stateDir, log, () => clock.nowMs()),
    isSoundLeft: (number) => left.some(({ stream }) => stream === number),
    recall(utterances) {
      settled = Math.min(...utterances) - 1;
      recalled = utterances;
    },
    catchUp(utterance) {
      settled = utterance;
    },
    handles: fileHandleStore(settings.stateDir, { model, server: serverOf(endpoint) }, log),
    identity: { model, simulated: endpoint.simulated },
    firstTurn: firstStreamNumber(clock.nowMs()),
    serverVad: settings.vadMode === 'server',
    liveEnabled: isLiveWanted(settings),
    sceneResendMs: settings.sceneResendMs,
    random: Math.random,
    sessionPolicy: { ...sessionPolicy(settings), ...policies.session },
    conversationPolicy: { ...CONVERSATION_POLICY, ...policies.conversation },
  });
  teardown.add(() => thinker.stop());

  const subscriptions = [
    bus.subscribe(speech, ({ payload }) => {
      if (payload.state === 'possible') thinker.want();
      else if (payload.state === 'discarded') thinker.discard(payload.utterance);
    }),
    bus.subscribe(privacy, ({ payload }) => thinker.camera.block(payload.camera)),
    bus.subscribe(frame, ({ payload, retained }) => thinker.see(payload, retained)),
    bus.subscribe(playback, ({ payload }) => {
      const over = payload.state === 'finished' || payload.state === 'interrupted';
      thinker.played(payload.turn, over ? 'over' : 'playing', payload.position);
      if (over) replies.finished(payload.turn, clock.nowMs());
    }),
    bus.subscribe(fallback, ({ payload }) => {
      ({ level } = payload);
      if (level === 'offline') backends.prepareOffline();
      thinker.setLevel(level);
    }),
    bus.subscribe(runtimeSettings, ({ payload }) => {
      thinker.enableLive(isLiveWanted(settings, payload));
    }),
    bus.subscribe(decision, ({ payload }) => backends.decided(payload)),
    bus.subscribe(anyJson(toolDeclare), ({ payload, levels }) => thinker.tools.declare(levels['name'] ?? '', payload)),
    bus.subscribe(anyJson(toolResult), ({ payload, levels }) => thinker.tools.answered(levels['name'] ?? '', payload)),
  ];
  for (const subscribed of subscriptions) teardown.add(await subscribed);

  describe(`${model}, ${endpoint.simulated ? `SIMULATED at ${serverOf(endpoint)}` : `at ${serverOf(endpoint)}`}`);
  thinker.start();
  soundMissed = ({ stream, from }) => thinker.soundMissed(stream, from);
  // Behind what a predecessor has left: the broker has kept them while no thinker ran, and an interrupt is about that.
  const requests = [
    bus.subscribe(interrupt, ({ payload }) => thinker.interrupt(payload.source === 'barge-in', payload.utterance)),
    bus.subscribe(contextRemark, ({ payload }) => thinker.remarks.note(payload.source, payload.text)),
    bus.subscribe(ask, ({ payload }) => thinker.ask(payload.id, payload.text, payload.withFrame ?? false)),
    bus.subscribe(say, ({ payload }) => thinker.say(payload.id, payload.text)),
  ];
  for (const subscribed of requests) teardown.add(await subscribed);
  // Only now: what is shown again of a settled question is no new one, and one that goes on keeps its number.
  const microphone = await startPcmReceiver(
    bus,
    { pcm: microphonePcm, resend: microphoneResend },
    { clock, meters, policy: MICROPHONE_REPAIR, ...(settled !== undefined && { settled }) },
    (received) => {
      if (received.type === 'ended') thinker.endUtterance(received.stream);
      else if (received.type !== 'samples') return;
      else if (received.sampleRateHz !== MICROPHONE_RATE_HZ) meters.count('microphoneFramesOfWrongRate');
      else thinker.hear(received.stream, received.samples, received.timeUs);
    },
  );
  teardown.add(() => microphone.stop());
  for (const utterance of recalled) microphone.expect(utterance, 0);
  if (settled !== undefined && recalled.length === 0) bus.publish(microphoneResend, { stream: settled + 1, from: 0 });
  // What the speaker said of an answer while no thinker ran.
  teardown.add(
    await bus.subscribe(speakerState, ({ payload: { state, turn: spoken, position }, retained }) => {
      if (!retained || spoken === undefined || position === undefined) return;
      thinker.played(spoken, state === 'idle' ? 'over' : 'playing', position);
      if (state === 'idle') replies.finished(spoken, clock.nowMs());
    }),
  );
}

function serverOf(endpoint: Endpoint): string {
  return endpoint.baseUrl ?? 'generativelanguage.googleapis.com';
}
