import { level, type Speech, speech } from '#shared/contract/audio-in.ts';
import { interrupt } from '#shared/contract/control.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import type { PcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { EndpointingEvent } from './voice/endpointing.ts';
import type { ListeningOutput } from './voice/listening.ts';

const SAMPLES_PER_MS = MICROPHONE_RATE_HZ / 1000;
const COUNTERS: Record<Speech['state'], string> = {
  possible: 'speechPossible',
  started: 'speechStarted',
  ended: 'speechEnded',
  discarded: 'speechDiscarded',
};

/** Puts what was heard on the bus, in the order in which it was decided. */
export function outputPublisher(
  { bus, meters, log }: Pick<ServiceContext, 'bus' | 'meters' | 'log'>,
  pcm: PcmPublisher,
  listening: {
    /** Unix milliseconds at which the sample at `position` was captured. */
    timeMs(position: number): number;
    /** Whether speech that has started interrupts the assistant. */
    interrupts(): boolean;
  },
): (outputs: readonly ListeningOutput[]) => void {
  function publishSpeech(utterance: number, { state, probability, voicedSamples, position }: EndpointingEvent): void {
    const at = listening.timeMs(position);
    const payload: Speech = { utterance, state, probability, speechMs: voicedSamples / SAMPLES_PER_MS, at };
    bus.publish(speech, payload);
    meters.count(COUNTERS[state]);
    log.debug(payload, 'speech');
    if (state !== 'started' || !listening.interrupts()) return;
    bus.publish(interrupt, { id: `utterance-${utterance}`, source: 'barge-in', utterance, at });
  }

  return (outputs) => {
    for (const output of outputs) {
      if (output.kind === 'speech') publishSpeech(output.utterance, output.event);
      else if (output.kind === 'level') bus.publish(level, output.level);
      else {
        pcm.publish(output.frame);
        meters.count('pcmFrames');
        meters.count('pcmSamples', output.frame.samples.length);
      }
    }
  };
}
