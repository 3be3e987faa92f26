import { speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { interrupt, runtimeSettings, volume } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { alert } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend, turn } from '#shared/contract/thinker.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import type { AssemblerPolicy } from '#shared/pcm/pcm-assembler.ts';
import { type ReceivedPcm, startPcmReceiver } from '#shared/pcm/pcm-receiver.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import { type Speak, soundAlert, speakLocally } from './alerts/alert-desk.ts';
import { chooseOutput } from './outputs/choose-output.ts';
import type { OpenOutput } from './outputs/output.ts';
import { keepOutput } from './outputs/output-keeper.ts';
import { Reports } from './reports.ts';
import { Speaker } from './speaker.ts';
import type { YieldingEvent } from './yielding.ts';

/** A gap is repaired long before the jitter buffer is empty; a thinker that restarts needs a second or two to answer. */
const REPLY_POLICY: AssemblerPolicy = { askEveryMs: 60, stallAskMs: 300, giveUpMs: 3_000, abandonMs: 20_000 };

/** What tests put in the place of the machine. */
export interface SpeakerParts {
  openOutput?: OpenOutput;
  speak?: Speak;
}

/** Plays replies and alerts, and tells the bus exactly what was heard of them. */
export async function startSpeaker(context: ServiceContext, parts: SpeakerParts = {}): Promise<Running> {
  const { bus, clock, log, meters, settings } = context;
  const { openOutput = chooseOutput(settings, context), speak = speakLocally } = parts;
  const reports = new Reports(context);
  const speaker = new Speaker(settings.bargeIn, (news) => reports.hear(news));
  const teardown = new Teardown();
  let cancelEvidenceTimer = (): void => undefined;
  teardown.add(() => cancelEvidenceTimer());

  function listen(event: YieldingEvent): void {
    speaker.listen(event);
    cancelEvidenceTimer();
    const untilMs = speaker.evidenceUntilMs;
    if (untilMs === undefined) return;
    cancelEvidenceTimer = clock.after(untilMs - clock.nowMs(), () => listen({ type: 'tick', atMs: clock.nowMs() }));
  }

  function receive(received: ReceivedPcm): void {
    if (received.type === 'samples') {
      const { stream, position, samples, sampleRateHz } = received;
      if (sampleRateHz === REPLY_RATE_HZ) speaker.append(stream, position, samples);
      else meters.count('replyFramesOfWrongRate');
    } else if (received.type === 'ended') speaker.tell({ type: 'ended', turn: received.stream });
  }

  try {
    const output = await keepOutput(
      openOutput,
      {
        source: (count) => speaker.render(count),
        named(output) {
          context.describe(output);
          reports.change({ output });
        },
        latencyChanged: (samples) => speaker.tell({ type: 'latencyChanged', samples }),
        lost: (unheardSamples) => speaker.tell({ type: 'deviceLost', unheardSamples }),
        gaveUp: (error) => context.fail(error),
      },
      context,
    );
    teardown.add(() => output.close());

    const subscriptions = await Promise.all([
      bus.subscribe(speech, ({ payload }) => listen({ type: 'speech', speech: payload, atMs: clock.nowMs() })),
      bus.subscribe(interrupt, ({ payload: { source, utterance } }) => {
        const spared = source === 'barge-in' && utterance !== undefined ? { utterance } : {};
        speaker.tell({ type: 'interrupted', ...spared });
        if (source === 'operator' || source === 'voice-command') speaker.alerts.hush();
      }),
      bus.subscribe(turn, ({ payload: { turn: number, state, utterance } }) => {
        if (state === 'interrupted') speaker.tell({ type: 'dropped', turn: number });
        else if (state === 'failed') speaker.tell({ type: 'failed', turn: number });
        else speaker.tell({ type: 'announced', turn: number, ...(utterance !== undefined && { utterance }) });
      }),
      bus.subscribe(volume, ({ payload }) => {
        speaker.setVolume(payload.volume);
        reports.change({ volume: payload.volume });
      }),
      bus.subscribe(runtimeSettings, ({ payload }) => {
        speaker.setMuted(payload.muted ?? false);
        listen({ type: 'bargeInChanged', bargeIn: payload.bargeIn ?? settings.bargeIn });
      }),
      bus.subscribe(atTopic(status, { service: 'audio-in' }), ({ payload }) => {
        if (payload.state === 'offline') listen({ type: 'listenerLost' });
      }),
      bus.subscribe(alert, ({ payload }) => {
        if (speaker.isMuted && payload.earcon !== 'danger') return meters.count('alertsMuted');
        void soundAlert(payload, speaker.alerts, { speak, log, meters });
      }),
    ]);
    for (const end of subscriptions) teardown.add(end);
    const receiver = await startPcmReceiver(
      bus,
      { pcm: replyPcm, resend: replyResend },
      { clock, meters, policy: REPLY_POLICY },
      receive,
    );
    teardown.add(() => receiver.stop());
    return { stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}
