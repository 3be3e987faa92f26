import { spawn } from 'node:child_process';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type DeviceFormat, formatsToTry, periodFrames, sourceFor } from './device-format.ts';
import { type OpenOutput, type Output, type OutputHooks, PERIOD_SAMPLES } from './output.ts';
import { raisePriority } from './realtime-priority.ts';

const PERIOD_US = 5_000;
const CARD_PERIODS = 6;
/** Written ahead of what aplay has taken: one period in its hands, one in the pipe. */
const PIPED_PERIODS = 2;
const UNHEARD_SAMPLES = PERIOD_SAMPLES * (CARD_PERIODS + PIPED_PERIODS);
/** aplay says within a few milliseconds that it cannot open a device; a sound server behind it may need longer. */
const OPEN_LIMIT_MS = 3_000;
const STALLED_MS = 1_000;

/** Plays through an `aplay` process: the way out where PortAudio is not to be had. @param pcm ALSA's name of the device. */
export function aplayOutput(pcm: string, clock: Clock): OpenOutput {
  return async (hooks) => {
    raisePriority();
    let complaint = '';
    for (const format of formatsToTry(REPLY_RATE_HZ)) {
      const attempt = await openAplay(pcm, format, clock, hooks);
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
  clock: Clock,
  hooks: OutputHooks,
): Promise<Output | string> {
  const source = await sourceFor(hooks.source, format);
  const frames = periodFrames(format);
  const child = spawn('env', ['LC_ALL=C', 'aplay', ...aplayArguments(pcm, format)], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  return new Promise((resolve) => {
    let state: 'opening' | 'open' | 'closed' = 'opening';
    let complaint = '';
    let written = 0;
    let taken = 0;
    let takenAtMs = clock.nowMs();

    function feed(): void {
      for (; state !== 'closed' && written - taken < PIPED_PERIODS; written += 1) child.stdin.write(source(frames));
    }

    function end(why: string): void {
      const before = state;
      state = 'closed';
      cancelWatch();
      child.kill('SIGKILL');
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
      unheardSamples: () => UNHEARD_SAMPLES,
      close() {
        if (state === 'closed') return Promise.resolve();
        state = 'closed';
        cancelWatch();
        return new Promise((closed) => {
          child.once('close', () => closed());
          child.stdin.end();
        });
      },
    };

    const cancelWatch = clock.every(STALLED_MS / 4, () => {
      const limitMs = state === 'opening' ? OPEN_LIMIT_MS : STALLED_MS;
      if (clock.nowMs() - takenAtMs > limitMs) end('it takes no more samples');
    });
    child.on('error', (error) => end(`aplay cannot be started: ${messageOf(error)}`));
    child.on('close', (code) => end(`aplay ended with ${code}`));
    // A pipe that breaks is followed by 'close', which knows why.
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      const said = text.replace(/\r[^\r\n]*/g, '').match(/aplay: [^\n]*|[^\n]*(?:underrun|not accurate)[^\n]*/)?.[0];
      if (said?.includes('underrun')) hooks.underran();
      else if (said) complaint = said.replace(/^aplay: (?:\w+:\d+: )?/, '').trim();
      // It goes on after this one, at the wrong pitch.
      if (said?.includes('not accurate')) end(complaint);
      const periods = text.split('\r').length - 1;
      if (periods > 0 && state !== 'closed') progressed(periods);
    });
    feed();
  });
}

function aplayArguments(pcm: string, { rateHz, channels }: DeviceFormat): string[] {
  return [
    ...['-D', pcm, '-t', 'raw', '-f', 'S16_LE', '-r', String(rateHz), '-c', String(channels)],
    ...['--period-time', String(PERIOD_US), '--buffer-time', String(PERIOD_US * CARD_PERIODS)],
    // The level meter is the one thing aplay tells about its progress: a line, begun by \r, for every period it has taken.
    ...['-V', channels === 1 ? 'mono' : 'stereo', '-'],
  ];
}
