import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { readAplay } from './aplay-stderr.ts';
import { type DeviceFormat, formatsToTry, periodFrames, sourceFor } from './device-format.ts';
import { type OpenOutput, type Output, type OutputHooks, PERIOD_SAMPLES } from './output.ts';
import { QueueDepth } from './queue-depth.ts';
import { raisePriority } from './realtime-priority.ts';

const PERIOD_US = 5_000;
/** aplay itself never pauses, so its share of the latency can be short; our own pauses are bridged by the pipe. */
const CARD_PERIODS = 4;
/** aplay says within a few milliseconds that it cannot open a device; a sound server behind it may need longer. */
const OPEN_LIMIT_MS = 3_000;
const STALLED_MS = 1_000;

/**
 * Started in the background of a shell that leaves at once, so that it is no child of ours: PM2 signals whole process trees,
 * and what is in the pipe shall be heard even if we are killed (nor does aplay die of a level meter nobody reads any more).
 * The pipe is descriptor 3; the shell tells the process id.
 */
const START_DETACHED = 'trap "" PIPE; LC_ALL=C aplay "$@" <&3 3<&- >/dev/null & echo $!';

/**
 * Plays through an `aplay` process. It outlives this one: every sample written is heard, whatever becomes of us.
 * @param pcm ALSA's name of the device.
 */
export function aplayOutput(pcm: string, clock: Clock): OpenOutput {
  const depth = new QueueDepth();
  return async (hooks) => {
    raisePriority();
    let complaint = '';
    for (const format of formatsToTry(REPLY_RATE_HZ)) {
      const attempt = await openAplay(pcm, format, { clock, hooks, depth });
      if (typeof attempt !== 'string') return attempt;
      complaint = attempt;
      // Another format helps only where the device is there and refuses this one.
      if (!/rate|channel|format/i.test(complaint)) break;
    }
    throw new CortexError(
      'no-output',
      `CORTEX_AUDIO_OUTPUT: alsa:${pcm} cannot be opened (${complaint}): "aplay -L" lists the names there are`,
      { retryable: true },
    );
  };
}

/** The open output, or aplay's complaint. */
async function openAplay(
  pcm: string,
  format: DeviceFormat,
  { clock, hooks, depth }: { clock: Clock; hooks: OutputHooks; depth: QueueDepth },
): Promise<Output | string> {
  const source = await sourceFor(hooks.source, format);
  const frames = periodFrames(format);
  const child = spawn('sh', ['-c', START_DETACHED, 'sh', ...aplayArguments(pcm, format)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  // All four are pipes, which the types cannot know.
  const [, stdout, stderr, pipe] = child.stdio as unknown as [null, Readable, Readable, Writable];
  return new Promise((resolve) => {
    let state: 'opening' | 'open' | 'closed' = 'opening';
    let complaint = '';
    let written = 0;
    let taken = 0;
    let takenAtMs = clock.nowMs();
    let pid = 0;

    function feed(): void {
      for (; state !== 'closed' && written - taken < depth.periods; written += 1) {
        const period = source(frames);
        // Noted first: the write wakes aplay, which may push this process off its core at that very moment.
        hooks.handedOver();
        pipe.write(period);
      }
    }

    function end(why: string): void {
      const before = state;
      state = 'closed';
      cancelWatch();
      pipe.destroy();
      kill(pid);
      if (before === 'opening') resolve(complaint || why);
      if (before !== 'open') return;
      const reason = complaint || why;
      hooks.lost(new CortexError('output-lost', `sound output alsa:${pcm} is gone (${reason})`, { retryable: true }));
    }

    function progressed(periods: number): void {
      taken += periods;
      takenAtMs = clock.nowMs();
      if (state === 'opening') {
        state = 'open';
        resolve(output);
      }
      feed();
    }

    const output: Output = {
      name: `aplay ${pcm}${format.rateHz === REPLY_RATE_HZ ? '' : ` at ${format.rateHz} Hz`}`,
      unheardSamples: () => PERIOD_SAMPLES * (CARD_PERIODS + depth.periods),
      perishableSamples: () => 0,
      close() {
        if (state === 'closed') return Promise.resolve();
        state = 'closed';
        cancelWatch();
        return new Promise((closed) => {
          const cancelLimit = clock.after(STALLED_MS, () => kill(pid));
          stderr.once('close', () => {
            cancelLimit();
            closed();
          });
          pipe.end();
        });
      },
    };

    const cancelWatch = clock.every(STALLED_MS / 4, () => {
      const limitMs = state === 'opening' ? OPEN_LIMIT_MS : STALLED_MS;
      if (clock.nowMs() - takenAtMs > limitMs) end('it takes no more samples');
      else if (depth.wasFine(clock.nowMs())) hooks.queueChanged();
    });
    child.on('error', (error) => end(`aplay cannot be started: ${messageOf(error)}`));
    stdout.on('data', (text: Buffer) => {
      pid = Number.parseInt(text.toString('latin1'), 10);
      if (state === 'closed') kill(pid);
    });
    stderr.on('close', () => end('aplay has ended'));
    // A pipe that breaks is followed by the end of stderr, which tells why.
    pipe.on('error', () => undefined);
    stderr.on('data', (chunk: Buffer) => {
      const { periods, said } = readAplay(chunk);
      if (said.includes('underrun')) {
        depth.underran(clock.nowMs());
        hooks.underran();
      } else if (said) complaint = said;
      // It goes on after this one, at the wrong pitch.
      if (said.includes('not accurate')) end(complaint);
      if (periods > 0 && state !== 'closed') progressed(periods);
    });
    feed();
  });
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function aplayArguments(pcm: string, { rateHz, channels }: DeviceFormat): string[] {
  return [
    ...['-D', pcm, '-t', 'raw', '-f', 'S16_LE', '-r', String(rateHz), '-c', String(channels)],
    ...['--period-time', String(PERIOD_US), '--buffer-time', String(PERIOD_US * CARD_PERIODS)],
    // The level meter is the one thing aplay tells about its progress: a line, begun by \r, for every period it has taken.
    ...['-V', channels === 1 ? 'mono' : 'stereo', '-'],
  ];
}
