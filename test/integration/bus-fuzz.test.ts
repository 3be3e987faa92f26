import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadCredentials } from '#shared/config/credentials.ts';
import { type Metrics, metrics } from '#shared/contract/service.ts';
import { spokenQuestionAnswered, switchBackOn, textQuestionAnswered } from '../../bench/fuzz/afterwards.ts';
import { fuzzEveryTopic } from '../../bench/fuzz/send-fuzz.ts';
import type { RunningProcess } from './harness/processes.ts';
import { startTestStack, type TestStack } from './harness/test-stack.ts';
import type { Watched } from './harness/watched.ts';

/** `npm run bench -- fuzz` sends thousands, to a stack under PM2. */
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
    for (const process of processes) void process.exited.then((code) => exits.push(`${process.name}: ${code}`));
    await fuzzEveryTopic({ bus: stack.bus, stranger, payloadsPerTopic: PAYLOADS_PER_TOPIC });

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
  await switchBackOn(stranger);
  await spokenQuestionAnswered(stack.bus);
  await textQuestionAnswered(stack.bus, stranger);
  expect(exits).toEqual([]);
});
