import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '#shared/audio/wav.ts';
import { leaveToBeEnded } from './leftovers.ts';
import { RecordingClock } from './recording-clock.ts';

/**
 * A sound card without hardware: a private PulseAudio whose null sink `mic` is the microphone (its monitor is recorded from)
 * and whose null sink `speaker` is the loudspeaker. PortAudio reaches it through ALSA's pulse plugin.
 */
export interface VirtualSoundCard {
  /** Environment for processes that shall use this card and nothing else. */
  env: Record<string, string>;
  /** Plays samples into the microphone at real-time speed; resolves when the last one has been played. */
  speak(samples: Int16Array, sampleRateHz: number): Promise<void>;
  /** Starts recording what a person would hear (or, with `mic`, what the microphone gets). */
  record(sink: string, sampleRateHz: number): Promise<Recording>;
  /** Runs pactl on this card; resolves with its output. */
  pactl(...args: string[]): Promise<string>;
  /** A null sink of this name, bit-exact at the rate of replies if it is not the microphone's. */
  plug(sink: string): Promise<void>;
  /** Takes a sink (and its monitor) away, as somebody does who pulls a plug or switches a headset off. */
  unplug(sink: string): Promise<void>;
  /** Kills the daemon and starts another one on the same socket, as a crash or an upgrade of PulseAudio does. */
  restartDaemon(): Promise<void>;
  close(): Promise<void>;
}

export interface Recording {
  /** How much has been recorded, in samples. */
  readonly length: number;
  /** Everything recorded so far from `from` on, mono. */
  samples(from?: number): Int16Array;
  /** When (`performance.now()`) the sample at this index was on the card, as far as the deliveries behind it can tell. */
  timeMs(index: number): number;
  /** Resolves soon after `found` returns a value for what has been recorded so far from `from` on. */
  until<Found>(found: (samples: Int16Array) => Found | undefined, from?: number): Promise<Found>;
  stop(): Promise<Int16Array>;
}

/** Rates of the two sinks. At the rates our services open (16 kHz in, 24 kHz out, mono) the path is bit-exact. */
export interface CardFormat {
  micRateHz: number;
  speakerRateHz: number;
  channels: 1 | 2;
}

const USUAL_CARD: CardFormat = { micRateHz: 48_000, speakerRateHz: 48_000, channels: 2 };
export const BIT_EXACT_CARD: CardFormat = { micRateHz: 16_000, speakerRateHz: 24_000, channels: 1 };

/** Looking at a whole recording takes a processor from the sound card. */
const LOOK_EVERY_MS = 100;

export async function createVirtualSoundCard(format: CardFormat = USUAL_CARD): Promise<VirtualSoundCard> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-card-'));
  const socket = join(folder, 'native');
  const script = join(folder, 'card.pa');
  const alsaConfig = join(folder, 'asound.conf');
  writeFileSync(
    script,
    [
      // norewinds: without it an idle null sink keeps its first customer waiting for up to two seconds, as no hardware does.
      ...[
        { sink: 'mic', rateHz: format.micRateHz },
        { sink: 'speaker', rateHz: format.speakerRateHz },
      ].map(
        ({ sink, rateHz }) =>
          `load-module module-null-sink sink_name=${sink} rate=${rateHz} channels=${format.channels} norewinds=1 sink_properties=device.description=${sink}`,
      ),
      'set-default-sink speaker',
      'set-default-source mic.monitor',
      `load-module module-native-protocol-unix auth-anonymous=1 socket=${socket}`,
    ].join('\n'),
  );
  writeFileSync(alsaConfig, 'pcm.!default { type pulse }\nctl.!default { type pulse }\npcm.pulse { type pulse }\n');
  const env = {
    PULSE_SERVER: `unix:${socket}`,
    PULSE_RUNTIME_PATH: folder,
    PULSE_STATE_PATH: folder,
    XDG_RUNTIME_DIR: folder,
    HOME: folder,
    ALSA_CONFIG_PATH: alsaConfig,
    JACK_NO_START_SERVER: '1',
  };
  const fullEnv = { ...process.env, ...env };
  let daemon = await startDaemon();
  let said = 0;

  async function startDaemon(): Promise<ChildProcess> {
    const args = [
      '-n',
      '-F',
      script,
      '--daemonize=no',
      '--exit-idle-time=-1',
      '--use-pid-file=no',
      '--disable-shm=yes',
    ];
    const { PULSE_SERVER: _client, ...daemonEnv } = fullEnv;
    const child = spawn('pulseaudio', args, { env: daemonEnv, stdio: 'ignore' });
    const exited = once(child, 'exit').then(() => {
      throw new Error('pulseaudio did not start; run it by hand with -vv to see why');
    });
    exited.catch(() => undefined);
    const answers = (async () => {
      while ((await tryPactl('info')).code !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
    })();
    await Promise.race([answers, exited]);
    return child;
  }

  async function tryPactl(...args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn('pactl', args, { env: fullEnv, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const [code] = await once(child, 'close');
    return { code: code as number, output };
  }

  async function pactl(...args: string[]): Promise<string> {
    const { code, output } = await tryPactl(...args);
    if (code !== 0) throw new Error(`pactl ${args.join(' ')} failed`);
    return output;
  }

  async function stopDaemon(): Promise<void> {
    if (daemon.exitCode !== null || daemon.signalCode !== null) return;
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
  }

  return {
    env,
    async speak(samples, sampleRateHz) {
      // From a file: a pipe's end keeps pacat busy, with a whole processor, until what it has read is played, some two seconds.
      said += 1;
      const path = join(folder, `said-${said}.wav`);
      writeFileSync(path, writeWav({ sampleRateHz, samples }));
      const child = spawn('paplay', ['-d', 'mic', '--latency-msec=20', path], { env: fullEnv, stdio: 'ignore' });
      leaveToBeEnded(() => child.kill());
      const [code] = await once(child, 'close');
      rmSync(path, { force: true });
      if (code !== 0) throw new Error(`paplay exited with ${code}; is the card's daemon running?`);
    },
    async record(sink, sampleRateHz) {
      const args = [
        '-d',
        `${sink}.monitor`,
        `--rate=${sampleRateHz}`,
        '--channels=1',
        '--format=s16le',
        '--raw',
        '--latency-msec=10',
      ];
      const child = spawn('parec', args, { env: fullEnv, stdio: ['ignore', 'pipe', 'ignore'] });
      leaveToBeEnded(() => child.kill());
      return recordingOf(child, sampleRateHz);
    },
    pactl,
    async plug(sink) {
      const rate = `rate=${sink === 'mic' ? format.micRateHz : BIT_EXACT_CARD.speakerRateHz}`;
      const name = `sink_name=${sink}`;
      await pactl('load-module', 'module-null-sink', name, rate, 'channels=1', 'format=s16le', 'norewinds=1');
    },
    async unplug(sink) {
      const modules = (await pactl('list', 'short', 'modules')).split('\n');
      const module = modules.find((line) => line.split(/\s/).includes(`sink_name=${sink}`));
      await pactl('unload-module', module?.split('\t')[0] ?? '');
    },
    async restartDaemon() {
      await stopDaemon();
      daemon = await startDaemon();
    },
    async close() {
      await stopDaemon();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function recordingOf(child: ChildProcess, sampleRateHz: number): Promise<Recording> {
  const chunks: Buffer[] = [];
  let bytesSoFar = 0;
  const clock = new RecordingClock(sampleRateHz);
  const watchers = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytesSoFar += chunk.length;
    clock.delivered(bytesSoFar / 2, performance.now());
    for (const watcher of watchers) watcher();
  });
  const samples = (from = 0): Int16Array => {
    let first = chunks.length;
    let missing = bytesSoFar - 2 * from;
    while (missing > 0 && first > 0) {
      first -= 1;
      missing -= chunks[first]?.length ?? 0;
    }
    const bytes = Buffer.concat(chunks.slice(first)).subarray(Math.max(0, -missing));
    const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
    return new Int16Array(Uint8Array.prototype.slice.call(even).buffer);
  };
  if (child.stdout) await once(child.stdout, 'data');
  return {
    get length() {
      return Math.floor(bytesSoFar / 2);
    },
    samples,
    timeMs: (index) => clock.timeMs(index),
    until: (found, from) =>
      new Promise((resolve, reject) => {
        let lookedMs = Number.NEGATIVE_INFINITY;
        const ended = () => reject(new Error('the recording ended before it was found'));
        const look = () => {
          if (performance.now() - lookedMs < LOOK_EVERY_MS) return;
          lookedMs = performance.now();
          const value = found(samples(from));
          if (value === undefined) return;
          watchers.delete(look);
          child.off('exit', ended);
          resolve(value);
        };
        watchers.add(look);
        child.once('exit', ended);
        look();
      }),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return samples();
    },
  };
}
