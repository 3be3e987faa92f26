import { join } from 'node:path';
import { microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Teardown } from '#shared/lifecycle/teardown.ts';
import { modelsFolder } from '#shared/offline-models/model-manifest.ts';
import { startPcmReceiver } from '#shared/pcm/pcm-receiver.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { startKeywordEngine } from './keyword-engine.ts';
import { findKeywordModel, type KeywordModel, keywordFile } from './keyword-model.ts';
import { NOTHING_HEARD, nextShortStop, type ShortStopEvent } from './short-stop.ts';

/** Made by the build from keyword-process.ts; services run in the project's root. */
const SCRIPT = 'dist/keyword-spotter.cjs';
const PHRASES = ['stop', 'stop talking', 'be quiet', 'shut up', 'cancel'] as const;
/** The user is still there a second later; older gaps are not worth asking for. */
const REPAIR = { askEveryMs: 100, stallAskMs: 300, giveUpMs: 500, abandonMs: 3_000 };

/**
 * Hears a lone "stop" without the cloud, where the keyword model is installed. `heard` is called once for each.
 * Returns the stop of all of it, or undefined where there is no model or it cannot be used (which is logged with its file).
 */
export async function startLocalStop(
  context: ServiceContext,
  heard: () => void,
  script = SCRIPT,
): Promise<(() => Promise<void>) | undefined> {
  const { bus, clock, meters, log, settings } = context;
  let model: KeywordModel | undefined;
  let keywordsFile = '';
  try {
    model = await findKeywordModel(modelsFolder(settings));
    if (!model) return undefined;
    keywordsFile = join(settings.stateDir, 'keywords.txt');
    writeFileAtomically(keywordsFile, keywordFile(model, PHRASES));
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'no local recognition of "stop"');
    return undefined;
  }

  let state = NOTHING_HEARD;
  function tell(event: ShortStopEvent): void {
    const step = nextShortStop(state, event);
    state = step.state;
    if (!step.stops) return;
    meters.count('localStops');
    heard();
  }

  const { folder, ...files } = model;
  const engine = startKeywordEngine(script, { ...files, keywordsFile }, context, folder, (utterance) =>
    tell({ type: 'keywordHeard', utterance }),
  );
  const teardown = new Teardown();
  teardown.add(() => engine.end());
  try {
    teardown.add(await bus.subscribe(speech, ({ payload }) => tell({ type: 'speechReported', speech: payload })));
    const channels = { pcm: microphonePcm, resend: microphoneResend };
    const receiver = await startPcmReceiver(bus, channels, { clock, meters, policy: REPAIR }, (received) => {
      if (received.type === 'samples' && received.sampleRateHz === MICROPHONE_RATE_HZ) {
        engine.send({ kind: 'listen', utterance: received.stream, samples: received.samples });
      } else if (received.type === 'ended') engine.send({ kind: 'finish', utterance: received.stream });
    });
    teardown.add(() => receiver.stop());
  } catch (error) {
    await teardown.run();
    throw error;
  }
  return () => teardown.run();
}
