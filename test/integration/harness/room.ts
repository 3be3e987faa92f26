import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VirtualSoundCard } from './virtual-sound-card.ts';

/**
 * The air between loudspeaker and microphone. PulseAudio's own module-loopback will not do: between two null sinks it drops
 * and repeats samples whenever the machine is busy, which no canceller can follow and no room does.
 */
export interface Room {
  /** PulseAudio's name of the microphone, which is the default source as long as nobody makes another one that. */
  readonly source: string;
  /** A person speaks (16 kHz, mono); resolves when the last sample has gone into the microphone. */
  speak(samples: Int16Array): Promise<void>;
  /** Moves the loudspeaker. @param echoDb level of its direct sound at the microphone. */
  setEcho(echoDb: number): void;
  close(): Promise<void>;
}

const RATE_HZ = 16_000;
/** Time after the direct sound (ms) and strength of the reflections of a small furnished room. */
const REFLECTIONS: readonly (readonly [number, number])[] = [
  [0, 1],
  [2.3, -0.5],
  [5.7, 0.35],
  [12.7, -0.2],
  [25.6, 0.12],
  [49.4, 0.06],
];
const MEMORY_SAMPLES = 16_384;
/** Peak of the room's own noise: about −74 dBFS. */
const HISS = 12;

/** @param delayMs from the loudspeaker's monitor to the microphone. */
export async function createRoom(
  card: VirtualSoundCard,
  { echoDb, delayMs }: { echoDb: number; delayMs: number },
): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-room-'));
  const fifo = join(folder, 'microphone');
  const source = 'room';
  const format = ['format=s16le', `rate=${RATE_HZ}`, 'channels=1'];
  await card.pactl('load-module', 'module-pipe-source', `source_name=${source}`, `file=${fifo}`, ...format);
  await card.pactl('set-default-source', source);
  const taps = REFLECTIONS.map(([ms, strength]) => [Math.round(((delayMs + ms) * RATE_HZ) / 1000), strength] as const);
  const played = new Float64Array(MEMORY_SAMPLES);
  const air = createWriteStream(fifo);
  // The sound server may go before the room: then nobody listens, and nothing is to be said of it.
  air.on('error', () => undefined);
  let gain = 10 ** (echoDb / 20);
  let position = 0;
  let odd = Buffer.alloc(0);
  let speech: { samples: Int16Array; at: number; done(): void } | undefined;

  const recorder = spawn(
    'parec',
    ['-d', 'speaker.monitor', `--rate=${RATE_HZ}`, '--channels=1', '--format=s16le', '--raw', '--latency-msec=10'],
    { env: { ...process.env, ...card.env }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  recorder.stdout.on('data', (chunk: Buffer) => {
    const bytes = Buffer.concat([odd, chunk]);
    odd = bytes.subarray(bytes.length - (bytes.length % 2));
    const heard = Buffer.alloc(bytes.length - odd.length);
    for (let at = 0; at < heard.length; at += 2) heard.writeInt16LE(hear(bytes.readInt16LE(at)), at);
    air.write(heard);
  });

  /** The microphone's next sample, from the loudspeaker's. */
  function hear(sample: number): number {
    played[position % MEMORY_SAMPLES] = sample;
    let sum = (Math.random() - 0.5) * 2 * HISS;
    for (const [delay, strength] of taps) {
      if (delay <= position) sum += gain * strength * (played[(position - delay) % MEMORY_SAMPLES] ?? 0);
    }
    position += 1;
    return Math.max(-32_768, Math.min(32_767, Math.round(sum + spoken())));
  }

  function spoken(): number {
    if (!speech) return 0;
    const sample = speech.samples[speech.at] ?? 0;
    speech.at += 1;
    if (speech.at < speech.samples.length) return sample;
    speech.done();
    speech = undefined;
    return sample;
  }

  await once(recorder.stdout, 'data');
  return {
    source,
    speak: (samples) =>
      new Promise((done) => {
        speech = { samples, at: 0, done };
      }),
    setEcho(db) {
      gain = 10 ** (db / 20);
    },
    async close() {
      recorder.kill();
      if (recorder.exitCode === null && recorder.signalCode === null) await once(recorder, 'exit');
      air.destroy();
      rmSync(folder, { recursive: true });
    },
  };
}
