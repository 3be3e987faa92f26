import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCredentials } from '#shared/config/credentials.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { speech } from '#shared/contract/audio-in.ts';
import { SERVICES } from '#shared/contract/channel.ts';
import { type Metrics, metrics } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { turn } from '#shared/contract/thinker.ts';
import type { RunningProcess } from './harness/processes.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import { validPayloads } from './harness/valid-payloads.ts';
import type { Watched } from './harness/watched.ts';

/** `FUZZ_PAYLOADS=10000` for the whole of it (some minutes). */
const PAYLOADS_PER_TOPIC = Number(process.env['FUZZ_PAYLOADS'] ?? 150);
const STARTED = ['thinker', 'speaker', 'router', 'vision', 'audio-in'];
let stack: TestStack;
let stranger: MqttClient;
let reports: Watched<Metrics>;
const processes: RunningProcess[] = [];
const exits: string[] = [];

beforeAll(async () => {
  stack = await startTestStack({ CORTEX_AUDIO_INPUT: 'auto', CORTEX_AUDIO_OUTPUT: 'null', CORTEX_CAMERA: 'test' });
  for (const name of ['live-sim', ...STARTED]) processes.push(await stack.start(name));
  reports = await stack.watch(metrics);
  const { operator } = loadCredentials({ stateDir: stack.stateDir, mqttUsername: undefined, mqttPassword: undefined });
  stranger = await mqtt.connectAsync(`mqtt://127.0.0.1:${stack.mqttPort}`, operator);
});
afterAll(async () => {
  await stranger.endAsync(true);
  await stack.close();
});

it(
  'goes on through random and mutated payloads on every topic, and counts what it drops',
  async () => {
    const samples = await samplesOfAllTopics();
    const random = seededRandom(20_26);
    for (const process of processes) void process.exited.then((code) => exits.push(`${process.name}: ${code}`));

    for (let n = 0; n < PAYLOADS_PER_TOPIC; n += 1) {
      for (const { topic, qos } of ALL_CHANNELS) {
        const service = SERVICES[n % SERVICES.length] ?? 'broker';
        const filled = topic.replace('{service}', service).replace('{name}', 'compass');
        const known = samples.get(filled) ?? [];
        const sample = known[Math.floor(random() * known.length)] ?? Buffer.from('{"id":"x","text":"y","at":1}');
        const sent = stranger.publishAsync(`cortex/${filled}`, mutated(sample, random), { qos });
        if (qos === 1 && n % 20 === 0) await sent;
      }
    }
    await stranger.publishAsync('cortex/thinker/context', '{"source":"fuzz","text":"over"}', { qos: 1 });

    const heard = reports.seen.length;
    for (const name of STARTED) {
      await reports.next((payload) => {
        const message = reports.seen
          .slice(heard)
          .find((one) => one.payload === payload && one.levels['service'] === name);
        return (message?.payload.counters['busBadPayloads'] ?? 0) > 0;
      });
    }
    expect(exits).toEqual([]);
  },
  60_000 + PAYLOADS_PER_TOPIC * 200,
);

it('still answers what is spoken, so that it is heard, and what is asked', { timeout: 120_000 }, async () => {
  const turns = await stack.watch(turn);
  const [utterances, playbacks] = [await stack.watch(speech), await stack.watch(playback)];
  // Some of what was sent were valid commands: what a person has switched off stays off until he switches it on again.
  for (const [topic, payload] of [
    ['privacy', '{"microphone":false,"camera":false}'],
    ['settings', '{"layer2Mode":"live","muted":false}'],
    ['volume', '{"volume":1}'],
  ])
    await stranger.publishAsync(`cortex/control/${topic}`, payload ?? '', { qos: 1, retain: true });

  // Without a microphone a sample question is spoken every quarter of a minute.
  const isSpoken = (utterance: number | undefined) =>
    utterances.seen.some(({ payload }) => payload.state === 'ended' && payload.utterance === utterance);
  await playbacks.next(
    ({ turn: number, position }) =>
      position > 0 && turns.seen.some(({ payload }) => payload.turn === number && isSpoken(payload.utterance)),
  );

  const askedMs = Date.now();
  await stranger.publishAsync('cortex/thinker/ask', '{"id":"after","text":"Are you still there?"}', { qos: 1 });
  // Interrupted by the next sample question it is answered, too.
  await turns.next(
    ({ utterance, timings, state }) =>
      utterance === undefined &&
      (timings?.['questionEnded'] ?? 0) >= askedMs &&
      ['done', 'interrupted'].includes(state),
  );
  expect(exits).toEqual([]);
});

/** Valid payloads of every topic, with what really stands on the topics of a running stack. */
async function samplesOfAllTopics(): Promise<Map<string, Buffer[]>> {
  const samples = validPayloads(Date.now());
  const real = new Map<string, Buffer>();
  stranger.on('message', (topic, payload) => real.set(topic.slice('cortex/'.length), payload));
  await stranger.subscribeAsync('cortex/#', { qos: 1 });
  const turns = await stack.watch(turn);
  await stranger.publishAsync('cortex/thinker/ask', '{"id":"first","text":"Hello?"}', { qos: 1 });
  await turns.next(({ state }) => state === 'done');
  await stranger.unsubscribeAsync('cortex/#');
  stranger.removeAllListeners('message');
  for (const [topic, payload] of real) samples.set(topic, [...(samples.get(topic) ?? []), payload]);
  return samples;
}

type Random = () => number;

/** A linear congruential generator (Numerical Recipes), so that a failure can be repeated. */
function seededRandom(seed: number): Random {
  let value = seed >>> 0;
  return () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
}

function mutated(sample: Buffer, random: Random): Buffer {
  const pick = Math.floor(random() * 6);
  const bytes = Buffer.from(sample);
  const at = Math.floor(random() * (bytes.length + 1));
  if (pick === 0)
    return Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256)));
  if (pick === 1) return bytes.subarray(0, at);
  if (pick === 2)
    return Buffer.from(bytes.toString('latin1').replace(/\d+/g, () => ODD_VALUES[at % ODD_VALUES.length] ?? ''));
  if (pick === 3) return Buffer.concat([bytes, bytes.subarray(at)]);
  if (pick === 4) return Buffer.from(ODD_JSON[at % ODD_JSON.length] ?? '');
  for (let n = 0; n < 4; n += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}

const ODD_VALUES = ['-1', '1e308', '4294967296', '0.5', 'null', '""', '[]', '99999999999999999999'];
const ODD_JSON = ['', 'null', '[]', '{}', '"text"', '1', '{"__proto__":{"x":1}}', `${'['.repeat(5_000)}`, '{"id":'];
