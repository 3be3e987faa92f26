import type { Settings } from '#shared/config/settings.ts';
import { level, microphonePcm, microphoneResend, type Speech, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { interrupt, privacy, type RuntimeSettings, runtimeSettings } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { speakerState } from '#shared/contract/speaker.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { firstStreamNumber } from '#shared/pcm/stream-number.ts';
import { chooseMicrophone } from './microphone/choose-microphone.ts';
import type { Microphone } from './microphone/microphone.ts';
import { MicrophoneFeed } from './microphone/microphone-feed.ts';
import { PrivacyFile } from './privacy-file.ts';
import type { EndpointingEvent } from './voice/endpointing.ts';
import { Listening, type ListeningOptions, type ListeningOutput } from './voice/listening.ts';
import { loadVoiceActivity, type VoiceActivity } from './voice/voice-activity.ts';

/** What the contract promises subscribers that ask for samples again. */
const HISTORY_SAMPLES = 30 * MICROPHONE_RATE_HZ;
const SAMPLES_PER_MS = MICROPHONE_RATE_HZ / 1000;

/** What tests put in the place of hardware and model. */
export interface AudioInParts {
  microphone?: Microphone;
  voice?: VoiceActivity;
}

/** The microphone as utterances on the bus. Rejects with ConfigurationError for a microphone or model that cannot be. */
export async function startAudioIn(context: ServiceContext, parts: AudioInParts = {}): Promise<Running> {
  const { bus, clock, log, meters, settings, describe, fail } = context;
  const teardown = new Teardown();
  const microphone = parts.microphone ?? chooseMicrophone(settings.audioInput, clock, log);
  const listening = new Listening(parts.voice ?? loadVoiceActivity(), firstStreamNumber(clock.nowMs()));
  const privacyFile = new PrivacyFile(settings.stateDir, log);
  let switches = startSwitches(settings);
  let assistantSpeaking = false;
  let blocked = privacyFile.microphoneBlocked();

  function publishSpeech(utterance: number, event: EndpointingEvent): void {
    const at = listening.timeMs(event.position);
    const payload: Speech = {
      utterance,
      state: event.state,
      probability: event.probability,
      speechMs: event.voicedSamples / SAMPLES_PER_MS,
      at,
    };
    bus.publish(speech, payload);
    meters.count(`speech${event.state[0]?.toUpperCase()}${event.state.slice(1)}`);
    log.debug(payload, 'speech');
    if (event.state !== 'started' || switches.bargeIn === 'off') return;
    bus.publish(interrupt, { id: `utterance-${utterance}`, source: 'barge-in', utterance, at });
  }

  try {
    const publisher = await startPcmPublisher(bus, { pcm: microphonePcm, resend: microphoneResend }, HISTORY_SAMPLES);
    teardown.add(() => publisher.stop());

    function act(outputs: ListeningOutput[]): void {
      for (const output of outputs) {
        if (output.kind === 'speech') publishSpeech(output.utterance, output.event);
        else if (output.kind === 'level') bus.publish(level, output.level);
        else {
          publisher.publish(output.frame);
          meters.count('pcmFrames');
          meters.count('pcmSamples', output.frame.samples.length);
        }
      }
    }

    const feed =
      microphone &&
      new MicrophoneFeed({
        microphone,
        listener: {
          captured: (samples) =>
            act(listening.accept(samples, clock.nowMs(), listeningOptions(switches, settings, assistantSpeaking))),
          interrupted: () => act(listening.cut('ended')),
        },
        clock,
        log,
        meters,
        describe,
        fail,
      });
    teardown.add(() => feed?.stop());
    let started = false;

    async function obeyPrivacy(): Promise<void> {
      meters.gauge('microphoneBlocked', blocked ? 1 : 0);
      if (!feed) return describe('off');
      if (!blocked) return feed.start();
      act(listening.cut('discarded'));
      describe('blocked by the user');
      await feed.stop();
    }

    teardown.add(
      await bus.subscribe(runtimeSettings, ({ payload }) => {
        switches = withOverrides(startSwitches(settings), payload);
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
    teardown.add(
      await bus.subscribe(privacy, ({ payload }) => {
        privacyFile.remember(payload);
        if (payload.microphone === blocked) return;
        blocked = payload.microphone;
        log.info({ blocked }, 'microphone privacy changed');
        if (started) obeyPrivacy().catch(fail);
      }),
    );
    started = true;
    await obeyPrivacy();
    return { stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

interface Switches {
  bargeIn: Settings['bargeIn'];
  echo: Settings['echo'];
  vadThreshold: number;
  minSpeechMs: number;
  minSilenceMs: number;
}

function startSwitches(settings: Settings): Switches {
  return {
    bargeIn: settings.bargeIn,
    echo: settings.echo,
    vadThreshold: settings.vadThreshold,
    minSpeechMs: settings.vadMinSpeechMs,
    minSilenceMs: settings.vadMinSilenceMs,
  };
}

/** A field that is absent keeps the value the process was started with. */
function withOverrides(start: Switches, overrides: RuntimeSettings): Switches {
  return {
    bargeIn: overrides.bargeIn ?? start.bargeIn,
    echo: overrides.echo ?? start.echo,
    vadThreshold: overrides.vadThreshold ?? start.vadThreshold,
    minSpeechMs: overrides.minSpeechMs ?? start.minSpeechMs,
    minSilenceMs: overrides.minSilenceMs ?? start.minSilenceMs,
  };
}

function listeningOptions(switches: Switches, settings: Settings, assistantSpeaking: boolean): ListeningOptions {
  return {
    threshold: switches.vadThreshold,
    minSpeechSamples: switches.minSpeechMs * SAMPLES_PER_MS,
    minSilenceSamples: switches.minSilenceMs * SAMPLES_PER_MS,
    prerollSamples: settings.vadPrerollMs * SAMPLES_PER_MS,
    echo: switches.echo,
    assistantSpeaking,
  };
}
