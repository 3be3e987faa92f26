import {
  loadPortAudio,
  type PortAudio,
  type PortAudioDevice,
  type PortAudioPlayback,
} from '#shared/audio/portaudio-binding.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type DeviceFormat, formatsToTry, periodFrames, sourceFor } from './device-format.ts';
import { type OpenOutput, PERIOD_SAMPLES } from './output.ts';
import { QueueDepth } from './queue-depth.ts';
import { raisePriority } from './realtime-priority.ts';
import { RegularLook } from './regular-look.ts';

/** Periods between naudiodon's queue and the ear: the one being written, the one being played, the card's own buffer. */
const PERIODS_BEYOND_QUEUE = 3;
/** The callback takes a period every 5 ms; a card that takes none for this long is gone. */
const STALLED_MS = 1_000;
const LOOK_MS = STALLED_MS / 4;
/** An idle PulseAudio sink may let its first customer wait for two seconds. */
const FIRST_PERIODS = 20;
const FIRST_STALL_MS = 5_000;
/** A stream that cannot be closed holds one of libuv's four threads for good; the live one needs another. */
const MAX_STUCK_STREAMS = 2;
/** PortAudio drops a period or two when it starts; they are silence. */
const WARM_UP_PERIODS = 8;
/** The card's buffer and some more. */
const FLUSHING_PERIODS = 8;
const CLOSE_LIMIT_MS = 1_000;

/** @param device part of the device's name; the default output where it is undefined. */
export function portAudioOutput(device: string | undefined, clock: Clock): OpenOutput {
  const depth = new QueueDepth();
  let stuckStreams = 0;

  /** Resolves when the stream is closed or has turned out to be stuck. */
  async function release(stream: PortAudioPlayback): Promise<void> {
    let closed = false;
    let counted = false;
    const closing = stream.quit('ABORT').then(() => {
      closed = true;
      if (counted) stuckStreams -= 1;
    });
    await Promise.race([closing, new Promise<void>((resolve) => clock.after(CLOSE_LIMIT_MS, resolve))]);
    if (closed) return;
    counted = true;
    stuckStreams += 1;
    process.removeListener('exit', leaveAtOnce);
    process.on('exit', leaveAtOnce);
  }

  return async (hooks) => {
    if (stuckStreams >= MAX_STUCK_STREAMS) {
      throw new CortexError(
        'process-spent',
        `PortAudio cannot let go of ${stuckStreams} lost devices; a new process can`,
      );
    }
    raisePriority();
    const portAudio = loadPortAudio('CORTEX_AUDIO_OUTPUT');
    const chosen = choose(portAudio, device);
    let { stream, format } = openStream(portAudio, chosen, depth.periods);
    const source = await sourceFor(hooks.source, format);
    const frames = periodFrames(format);
    const silence = Buffer.alloc(frames * format.channels * 2);
    let open = true;
    let written = 0;
    let wroteAtMs = clock.nowMs();

    function lose(why: string): void {
      if (!open) return;
      open = false;
      cancelWatch();
      void release(stream);
      hooks.lost(
        new CortexError('output-lost', `sound output ${nameOf(chosen)} is gone (${why})`, { retryable: true }),
      );
    }

    /** Closing a stream drops what is queued in it: silence goes in behind the last samples, and is dropped in their place. */
    async function playOut(): Promise<void> {
      for (let periods = depth.periods + FLUSHING_PERIODS; periods > 0; periods -= 1) await stream.write(silence);
      await release(stream);
    }

    async function feed(): Promise<void> {
      while (open) {
        const warm = written >= WARM_UP_PERIODS;
        const trouble = await stream.write(warm ? source(frames) : silence);
        if (warm) hooks.handedOver();
        written += 1;
        wroteAtMs = clock.nowMs();
        if (!trouble?.includes('underflow') || !open) continue;
        if (depth.underran(wroteAtMs)) {
          await playOut();
          ({ stream, format } = openStream(portAudio, chosen, depth.periods));
          stream.start();
          written = 0;
        }
        hooks.underran();
      }
    }

    function unheardSamples(): number {
      return PERIOD_SAMPLES * (depth.periods + PERIODS_BEYOND_QUEUE);
    }

    const look = new RegularLook(LOOK_MS, clock.nowMs());
    const cancelWatch = clock.every(LOOK_MS, () => {
      const limitMs = written < FIRST_PERIODS ? FIRST_STALL_MS : STALLED_MS;
      if (!look.wasHeldUp(clock.nowMs()) && clock.nowMs() - wroteAtMs > limitMs) lose('it takes no more samples');
    });
    stream.start();
    const feeding = feed().catch((error: unknown) => lose(messageOf(error)));
    return {
      name: `PortAudio ${nameOf(chosen)}${format.rateHz === REPLY_RATE_HZ ? '' : ` at ${format.rateHz} Hz`}`,
      stream: { pid: process.pid, lose },
      unheardSamples,
      // What the card has taken is played even if we are killed, as PulseAudio does; the queue dies with us.
      perishableSamples: () => PERIOD_SAMPLES * (depth.periods + 1),
      async close() {
        if (!open) return;
        open = false;
        cancelWatch();
        // The period that is being written belongs to what will be heard.
        const closing = feeding.then(playOut).catch(() => undefined);
        await Promise.race([closing, new Promise<void>((resolve) => clock.after(CLOSE_LIMIT_MS, resolve))]);
      },
    };
  };
}

/** On its way out Node would wait for the thread that waits for the dead card. Everything else is done by then. */
function leaveAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

function nameOf(device: PortAudioDevice): string {
  return `"${device.name}"`;
}

function choose(portAudio: PortAudio, wanted: string | undefined): PortAudioDevice {
  const devices = portAudio.getDevices().filter(({ maxOutputChannels }) => maxOutputChannels > 0);
  const found =
    wanted === undefined
      ? (devices.find(({ name }) => name === 'default') ?? devices[0])
      : (devices.find(({ name }) => name === wanted) ??
        devices.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase())));
  if (found) return found;
  const names = devices.map(nameOf).join(', ') || 'none at all';
  throw new CortexError(
    'no-output',
    wanted === undefined
      ? 'PortAudio finds no sound output: connect one, or set CORTEX_AUDIO_OUTPUT'
      : `CORTEX_AUDIO_OUTPUT: PortAudio has no output named "${wanted}"; it has ${names}`,
    { retryable: true },
  );
}

/** The first format the device takes. */
function openStream(
  portAudio: PortAudio,
  device: PortAudioDevice,
  queuedPeriods: number,
): { stream: PortAudioPlayback; format: DeviceFormat } {
  let reason: unknown;
  for (const format of formatsToTry(device.defaultSampleRate)) {
    try {
      const stream = portAudio.create({
        outOptions: {
          deviceId: device.id,
          sampleRate: format.rateHz,
          channelCount: format.channels,
          sampleFormat: 16,
          maxQueue: queuedPeriods,
          framesPerBuffer: periodFrames(format),
          closeOnError: true,
        },
      });
      return { stream, format };
    } catch (error) {
      reason = error;
    }
  }
  throw new CortexError(
    'no-output',
    `sound output ${nameOf(device)} cannot be opened (${messageOf(reason)}): free it, or set CORTEX_AUDIO_OUTPUT`,
    { cause: reason, retryable: true },
  );
}
