import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type AplayNote, AplayProcess } from './aplay-process.ts';
import { readAplay } from './aplay-stderr.ts';
import { type DeviceFormat, formatsToTry, periodFrames, sourceFor } from './device-format.ts';
import { type OpenOutput, type Output, type OutputHooks, PERIOD_SAMPLES } from './output.ts';
import { raisePriority } from './realtime-priority.ts';
import { RegularLook } from './regular-look.ts';

const PERIOD_US = 5_000;
/** aplay itself never pauses, so its share of the latency can be short; our own pauses are bridged by the pipe. */
const CARD_PERIODS = 4;
/** 60 ms of the pipe's, which bridge the pauses of this process and of a busy machine. What is interrupted is taken back. */
const QUEUED_PERIODS = 12;
/** What an aplay that opens its device takes before it tells of it. */
const PRIMING_PERIODS = 2;
/** Where a resampler is in between nothing can be taken back, and all that is queued plays on after an interrupt. */
const QUEUED_RESAMPLED_PERIODS = 4;
/** aplay says within a few milliseconds that it cannot open a device; a sound server behind it may need longer. */
const OPEN_LIMIT_MS = 3_000;
const STALLED_MS = 1_000;
const LOOK_MS = STALLED_MS / 4;

interface Place {
  clock: Clock;
  /** Where the pipes to aplay are, for a successor to find. */
  folder: string;
  /** This process; see `Processes`. */
  me: string;
}

/**
 * Plays through an `aplay` process. It outlives this one: every sample written is heard, whatever becomes of us. Beside a
 * predecessor that plays through one, it is that very one the samples go to.
 * @param pcm ALSA's name of the device.
 */
export function aplayOutput(pcm: string, place: Place): OpenOutput {
  return async (hooks) => {
    raisePriority();
    const joined = AplayProcess.join(place.folder, { pcm, ...place, predecessorPlays: hooks.predecessorPlays });
    if (joined) {
      const { aplay, note } = joined;
      const output = await playThrough(aplay, { pcm, format: note, joined: true, hooks, place });
      if (typeof output !== 'string') return output;
    }
    let complaint = '';
    for (const format of formatsToTry(REPLY_RATE_HZ)) {
      const aplay = await startAplay(place.folder, aplayArguments(pcm, format));
      const attempt = await playThrough(aplay, { pcm, format, joined: false, hooks, place });
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

async function startAplay(folder: string, args: readonly string[]): Promise<AplayProcess> {
  try {
    return await AplayProcess.start(folder, args);
  } catch (error) {
    const message = `CORTEX_STATE_DIR: no pipes to aplay can be made in ${folder} (${messageOf(error)}): choose another folder`;
    throw new CortexError('no-output', message, { cause: error, retryable: true });
  }
}

interface Setup {
  pcm: string;
  format: DeviceFormat;
  /** A predecessor is still playing through it: it is fed when that one has written its last. */
  joined: boolean;
  hooks: OutputHooks;
  place: Place;
}

/** The open output, or aplay's complaint. */
async function playThrough(aplay: AplayProcess, setup: Setup): Promise<Output | string> {
  const { pcm, format, joined, hooks, place } = setup;
  const { clock, me } = place;
  const source = await sourceFor(hooks.source, format);
  const frames = periodFrames(format);
  const silence = Buffer.alloc(frames * format.channels * 2);
  const resampled = format.rateHz !== REPLY_RATE_HZ;
  const depth = resampled ? QUEUED_RESAMPLED_PERIODS : QUEUED_PERIODS;
  return new Promise((resolve) => {
    let state: 'waiting' | 'opening' | 'open' | 'closed' | 'lost' = joined ? 'waiting' : 'opening';
    let complaint = '';
    let handed = 0;
    /** Periods in the pipe. */
    let queued = 0;
    let takenAtMs = clock.nowMs();
    let playedOut = (): void => undefined;

    /** Until it is known to play: what a device that cannot be opened had been given would be heard by nobody. */
    function prime(): void {
      for (; queued < PRIMING_PERIODS; queued += 1) aplay.write(silence);
    }

    function feed(): void {
      for (; state === 'open' && queued < depth; queued += 1) {
        const period = source(frames);
        // Noted first: the write wakes aplay, which may push this process off its core at that very moment.
        hooks.handedOver();
        aplay.write(period);
        handed += 1;
      }
    }

    function end(why: string): void {
      const before = state;
      if (before === 'closed') playedOut();
      if (before === 'closed' || before === 'lost') return;
      state = 'lost';
      cancelWatch();
      aplay.release();
      aplay.kill();
      if (before === 'waiting') aplay.deafen();
      if (before === 'opening') {
        resolve(complaint || why);
        return;
      }
      const reason = complaint || why;
      hooks.lost(new CortexError('output-lost', `sound output alsa:${pcm} is gone (${reason})`, { retryable: true }));
    }

    function progressed(periods: number): void {
      queued -= periods;
      takenAtMs = clock.nowMs();
      if (state === 'opening') {
        state = 'open';
        remember(depth);
        resolve(output);
      }
      feed();
    }

    /** The predecessor has written its last sample, or has died. */
    function takeOver(): void {
      if (state !== 'waiting') return;
      state = 'open';
      takenAtMs = clock.nowMs();
      aplay.listen(hear, () => end('aplay has ended'));
      const left = aplay.noted();
      queued = left?.queued ?? 0;
      if (left) feed();
      else end('the predecessor has opened it anew');
    }

    function remember(left: number): void {
      const note: AplayNote = {
        ...{ pid: aplay.pid, pcm, rateHz: format.rateHz, channels: format.channels },
        ...{ queued: left, user: aplay.noted()?.user ?? me },
      };
      aplay.note(note);
    }

    function hear(chunk: Buffer): void {
      const { periods, said } = readAplay(chunk);
      if (said.includes('underrun')) {
        hooks.underran();
      } else if (said) complaint = said;
      // It goes on after this one, at the wrong pitch.
      if (said.includes('not accurate')) end(complaint);
      if (periods > 0) progressed(periods);
    }

    function unheardPeriods(): number {
      const most = CARD_PERIODS + depth;
      return state === 'lost' ? Math.min(handed, most) : most;
    }

    const output: Output = {
      name: `aplay ${pcm}${format.rateHz === REPLY_RATE_HZ ? '' : ` at ${format.rateHz} Hz`}`,
      continues: joined,
      stream: { pid: aplay.pid, lose: end },
      unheardSamples: () => PERIOD_SAMPLES * unheardPeriods(),
      perishableSamples: () => 0,
      retrievableSamples: () => (state !== 'open' || resampled ? 0 : PERIOD_SAMPLES * queued),
      takeBack(samples) {
        if (state !== 'open' || resampled) return 0;
        const bytes = aplay.drain();
        const periodBytes = frames * format.channels * 2;
        const periods = Math.floor(Math.min(samples / PERIOD_SAMPLES, bytes.length / periodBytes));
        const kept = bytes.subarray(0, bytes.length - periods * periodBytes);
        if (kept.length > 0) aplay.write(kept);
        queued -= periods;
        handed -= periods;
        queueMicrotask(feed);
        return periods * PERIOD_SAMPLES;
      },
      async close() {
        if (state === 'closed' || state === 'lost') return;
        const begun = state !== 'waiting';
        state = 'closed';
        cancelWatch();
        // If this is called by the source itself, the period it gives still has to be written.
        await undefined;
        const left = aplay.noted();
        const isHandedOver = left !== undefined && left.user !== me;
        if (begun && !isHandedOver) {
          let cancelLimit = (): void => undefined;
          await new Promise<void>((closed) => {
            playedOut = closed;
            cancelLimit = clock.after(STALLED_MS, () => {
              aplay.kill();
              closed();
            });
            aplay.release();
          });
          cancelLimit();
          return;
        }
        aplay.deafen();
        if (begun) remember(queued);
        aplay.release();
        if (begun) await new Promise<void>((heard) => clock.after((PERIOD_US / 1_000) * unheardPeriods(), heard));
      },
    };

    const look = new RegularLook(LOOK_MS, clock.nowMs());
    const cancelWatch = clock.every(LOOK_MS, () => {
      const heldUp = look.wasHeldUp(clock.nowMs());
      if (state === 'waiting') return;
      const limitMs = state === 'opening' ? OPEN_LIMIT_MS : STALLED_MS;
      if (!heldUp && clock.nowMs() - takenAtMs > limitMs) end('it takes no more samples');
    });
    if (joined) {
      resolve(output);
      void hooks.alone().then(takeOver);
    } else {
      aplay.listen(hear, () => end('aplay has ended'));
      prime();
    }
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
