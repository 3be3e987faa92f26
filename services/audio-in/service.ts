import { randomUUID } from 'node:crypto';
import { untilConnected } from '#shared/bus/until-connected.ts';
import { type HandoverState, microphonePcm, microphoneResend } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { privacy, runtimeSettings } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { alert, speakerState } from '#shared/contract/speaker.ts';
import { session } from '#shared/contract/thinker.ts';
import { isProcessAlive } from '#shared/lifecycle/process-alive.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { stackIsStopping } from '#shared/lifecycle/stop-notice.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { firstStreamNumber } from '#shared/pcm/stream-number.ts';
import { privacyStore, rememberPrivacy } from '#shared/privacy/privacy-store.ts';
import { outageWords } from './announcements.ts';
import { startHandover } from './handover.ts';
import { type Interim, leaveInTime } from './interim.ts';
import { listenerRecord } from './listener-record.ts';
import { chooseMicrophone } from './microphone/choose-microphone.ts';
import type { Microphone } from './microphone/microphone.ts';
import { MicrophoneFeed } from './microphone/microphone-feed.ts';
import { outputPublisher } from './output-publisher.ts';
import { listeningOptions, switchesOf } from './switches.ts';
import { Listening, type Splice } from './voice/listening.ts';
import { loadVoiceActivities, type VoiceActivity } from './voice/voice-activity.ts';

/** What the contract promises subscribers that ask for samples again. */
const HISTORY_SAMPLES = 30 * MICROPHONE_RATE_HZ;
/** What a successor has in common with its predecessor: long enough to hold a sound by which they can be joined. */
const HEARD_BEFORE_READY_SAMPLES = MICROPHONE_RATE_HZ / 2;
/** A successor that has not heard that much by now gets ready without: PM2 does not wait for ever. */
const READY_WITHIN_MS = 2_500;
/** A broker that was restarted with us is back by then, on a busy machine too. In `kill_timeout` of ecosystem.config.js. */
const BROKER_BACK_MS = 3_000;

/** What tests put in the place of hardware, model and process. */
export interface AudioInParts {
  microphone?: Microphone;
  voice?: VoiceActivity;
  pid?: number;
  isAlive?(pid: number): boolean;
  interim?: Interim;
}

/** The microphone as utterances on the bus. Rejects with ConfigurationError for a microphone or model that cannot be. */
export async function startAudioIn(context: ServiceContext, parts: AudioInParts = {}): Promise<Running> {
  const { bus, clock, log, meters, settings, describe, fail } = context;
  const teardown = new Teardown();
  const microphone = parts.microphone ?? chooseMicrophone(settings.audioInput, clock, log);
  const voices = parts.voice ? { voice: parts.voice, eager: parts.voice } : loadVoiceActivities();
  const listening = new Listening(voices, firstStreamNumber(clock.nowMs()));
  const store = privacyStore(settings.stateDir);
  const stored = store.read();
  let switches = switchesOf(settings);
  let assistantSpeaking = false;
  let sessionOpen = false;
  let blocked = stored.privacy.microphone;
  let started = false;
  let leftBehind: HandoverState | undefined;
  let heardEnough: (() => void) | undefined;

  if (stored.damaged) {
    log.error(
      { path: store.path, reason: stored.damaged },
      'cannot tell whether the user blocked the microphone, so it stays closed until control/privacy says otherwise',
    );
  }

  try {
    const { interim = {} } = parts;
    // First of all: its time is up also where no broker comes, and everything below waits for one.
    if (interim.leave) teardown.add(await leaveInTime(context, interim.leave));
    const publisher = await startPcmPublisher(bus, { pcm: microphonePcm, resend: microphoneResend }, HISTORY_SAMPLES);
    teardown.add(() => publisher.stop());

    const act = outputPublisher(context, publisher, {
      timeMs: (position) => listening.timeMs(position),
      interrupts: () => switches.bargeIn !== 'off',
    });

    function captured(samples: Int16Array): void {
      // What a closing device still delivers.
      if (blocked) return;
      const options = listeningOptions(switches, settings, assistantSpeaking);
      act(listening.accept(samples, clock.nowMs(), options));
      if (listening.capturedSamples >= HEARD_BEFORE_READY_SAMPLES) heardEnough?.();
      joined(leftBehind && listening.splice(leftBehind, options));
    }

    function joined(splice: Splice | undefined): void {
      if (!splice) return;
      leftBehind = undefined;
      log.info({ matched: splice.matched, offsetSamples: splice.offsetSamples }, 'joined to the predecessor');
      meters.count(splice.matched ? 'handoversMatched' : 'handoversByClock');
      act(splice.outputs);
      handing.spliced();
    }

    /** No more sound will come to join by, and what the predecessor had begun needs an end. */
    function joinNow(): void {
      const options = listeningOptions(switches, settings, assistantSpeaking);
      joined(leftBehind && listening.spliceNow(leftBehind, options));
    }

    function interrupted(): void {
      joinNow();
      act(listening.cut('ended'));
    }

    const feed =
      microphone &&
      new MicrophoneFeed({
        microphone,
        listener: { captured, interrupted },
        clock,
        log,
        meters,
        describe,
        outage(news) {
          // In a reload the other process has the same device and says the same.
          if (handing.role === 'active') bus.publish(alert, { id: randomUUID(), ...outageWords(news) });
        },
        fail,
      });

    async function obeyPrivacy(): Promise<void> {
      meters.gauge('microphoneBlocked', blocked ? 1 : 0);
      if (!feed) {
        describe('off');
        return;
      }
      if (!blocked) return feed.start();
      if (leftBehind) {
        act(listening.discard(leftBehind));
        leftBehind = undefined;
        handing.spliced();
      } else act(listening.cut('discarded'));
      // A resend or a reconnection would put sound on the bus that the user has meanwhile withdrawn.
      publisher.forget();
      describe('blocked by the user');
      await feed.stop();
    }

    const pid = parts.pid ?? process.pid;
    const record = listenerRecord(settings.stateDir);
    const listener = record.find();
    const handing = await startHandover({
      bus,
      clock,
      log,
      pid,
      isAlive: parts.isAlive ?? isProcessAlive,
      predecessor: interim.predecessor ?? (listener === pid ? undefined : listener),
      claimed: () => record.note(pid),
      takeOver() {
        leftBehind = undefined;
        listening.begin();
      },
      splice(left) {
        if (feed && !blocked) {
          leftBehind = left;
          listening.toldOfJoint();
          return true;
        }
        listening.begin();
        return false;
      },
      closeDevice() {
        // What was still to be joined is another one's by now.
        leftBehind = undefined;
        act(listening.cut('ended'));
        void feed?.stop();
      },
      openDevice() {
        // It may have retired before anything was its own.
        listening.begin();
        if (!blocked) feed?.start().catch(fail);
      },
      predecessorPublished(frame) {
        if (!blocked) publisher.remember(frame);
      },
    });
    teardown.add(async () => {
      await feed?.stop();
      // Also where there was no device whose end would have ended it.
      act(listening.cut('ended'));
    });
    teardown.add(() => {
      joinNow();
      const leave = () => {
        // A thinker that is replaced, too, asks for a question from its beginning, of which the successor has heard the end only.
        publisher.showAll();
        return listening.leave();
      };
      if (handing.leave(leave)) log.info('left the microphone to the successor');
      handing.stop();
    });

    teardown.add(
      await bus.subscribe(runtimeSettings, ({ payload }) => {
        switches = switchesOf(settings, payload);
      }),
    );
    teardown.add(
      await bus.subscribe(speakerState, ({ payload }) => {
        assistantSpeaking = payload.state !== 'idle';
      }),
    );
    teardown.add(
      await bus.subscribe(atTopic(status, { service: 'speaker' }), ({ payload }) => {
        // A speaker that died in the middle of a reply can no longer say that it has fallen silent.
        if (payload.state === 'offline') assistantSpeaking = false;
      }),
    );
    if (settings.vadMode === 'server') {
      teardown.add(
        await bus.subscribe(session, ({ payload }) => {
          sessionOpen = payload.state === 'connected' || (sessionOpen && payload.state === 'resuming');
          act(listening.stream(sessionOpen));
        }),
      );
    }
    teardown.add(
      await bus.subscribe(privacy, ({ payload }) => {
        if (payload.microphone !== blocked) {
          blocked = payload.microphone;
          log.info({ blocked }, 'microphone privacy changed');
          if (handing.role === 'retired') publisher.forget();
          else if (started) obeyPrivacy().catch(fail);
        }
        // After the device is told to close: a slow card must not hold that up.
        rememberPrivacy(store, payload, log);
      }),
    );
    started = true;
    // The predecessor is told to leave as soon as we are ready, and we must have heard enough of what it hears by then.
    const hearing = new Promise<void>((resolve) => {
      heardEnough = resolve;
      teardown.add(clock.after(READY_WITHIN_MS, resolve));
    });
    await obeyPrivacy();
    handing.listening();
    if (handing.role === 'waiting' && !blocked && feed) await hearing;
    heardEnough = undefined;
    return {
      async handOver() {
        const listens = () => {
          const ours = handing.role === 'active' || handing.role === 'splicing';
          return ours && feed?.isLive && !stackIsStopping(settings.stateDir, clock.nowMs());
        };
        if (!listens() || (!interim.start && !handing.followed)) return;
        // `pm2 restart all` takes the broker away first. Without one nobody could take over from us, nor be told where we stopped.
        await untilConnected(bus, clock, BROKER_BACK_MS);
        if (!bus.connected || !listens() || handing.followed) return;
        await interim.start?.();
        await untilConnected(bus, clock, BROKER_BACK_MS);
      },
      stop: () => teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}
