import mqtt, { type MqttClient } from 'mqtt';
import { loadCredentials } from '#shared/config/credentials.ts';
import { type Channel, SERVICES, type ServiceName } from '#shared/contract/channel.ts';
import { metrics } from '#shared/contract/service.ts';
import { type Pm2Process, type Pm2Stack, preparePm2Stack } from '../test/integration/harness/pm2-stack.ts';
import { Watched } from '../test/integration/harness/watched.ts';
import { spokenQuestionAnswered, switchBackOn, textQuestionAnswered } from './fuzz/afterwards.ts';
import { DropLedger } from './fuzz/drop-ledger.ts';
import { thinkerHasRead } from './fuzz/keep-pace.ts';
import { learnSubscriptions } from './fuzz/learn-subscriptions.ts';
import { fuzzEveryTopic } from './fuzz/send-fuzz.ts';
import { dropsIn, settledCounters } from './fuzz/settled-counters.ts';
import type { BenchRow, BenchTable } from './table.ts';

const DEFAULT_PAYLOADS = 10_000;
/** What is not answered by then never will be: alerts that wait come first, 8 s and the sentence that sounds. */
const GIVE_UP_MS = 120_000;

/**
 * CORTEX_BENCH_PAYLOADS (10,000) random and mutated payloads on every topic of the contract, to the whole stack under PM2:
 * whether each drop was counted, whether a process ended, and whether what is asked afterwards is answered.
 */
export async function benchFuzz(): Promise<BenchTable> {
  const payloadsPerTopic = Number(process.env['CORTEX_BENCH_PAYLOADS'] ?? DEFAULT_PAYLOADS);
  // Without a sound card the services take their own: a sample question every quarter of a minute, and a loudspeaker of air.
  const stack = await preparePm2Stack({
    CORTEX_AUDIO_INPUT: 'auto',
    CORTEX_AUDIO_OUTPUT: 'null',
    CORTEX_CAMERA: 'test',
  });
  let stranger: MqttClient | undefined;
  try {
    const { code, output } = await stack.command('start');
    if (code !== 0) throw new Error(`the stack did not start:\n${output}`);
    stranger = await loggedInAsOperator(stack);
    const bus = stack.connect();
    const ledger = new DropLedger();
    await learnSubscriptions(stack, bus, stranger, ledger);
    const reports = await Watched.on(bus, metrics);
    const before = await stack.processes();

    const begunMs = performance.now();
    await fuzzEveryTopic({
      bus,
      stranger,
      payloadsPerTopic,
      keepPace: await thinkerHasRead(bus, stranger),
      sent: (channel, topic, payload) => ledger.sent(topic, isDecodable(channel, payload)),
    });
    const tookSeconds = (performance.now() - begunMs) / 1_000;
    const counted = await settledCounters(reports);
    await switchBackOn(stranger);
    const afterwards = [
      await answerRow('a spoken question afterwards is answered and heard', spokenQuestionAnswered(bus)),
      await answerRow('a text question afterwards is answered', textQuestionAnswered(bus, stranger)),
    ];
    const after = await stack.processes();
    return {
      title: `Fuzzing under PM2: ${payloadsPerTopic} payloads a topic, in ${tookSeconds.toFixed(0)} s`,
      rows: [
        ...SERVICES.map((service) => serviceRow(service, { ledger, counted, before, after })),
        { what: 'live-sim', values: lifeOf('live-sim', { before, after }), budget: '0 restarts' },
        ...afterwards,
      ],
    };
  } finally {
    await stranger?.endAsync(true);
    await stack.close();
  }
}

function loggedInAsOperator({ stateDir, env }: Pm2Stack): Promise<MqttClient> {
  const { operator } = loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined });
  return mqtt.connectAsync(`mqtt://127.0.0.1:${env['CORTEX_MQTT_PORT']}`, operator);
}

function isDecodable({ codec }: Pick<Channel<unknown>, 'codec'>, payload: Buffer): boolean {
  try {
    codec.decode(payload);
    return true;
  } catch {
    return false;
  }
}

interface Found {
  ledger: DropLedger;
  counted: ReadonlyMap<string, Record<string, number>>;
  before: readonly Pm2Process[];
  after: readonly Pm2Process[];
}

function serviceRow(service: ServiceName, { ledger, counted, before, after }: Found): BenchRow {
  const { payloads, undecodable, refusable } = ledger.sentTo(service);
  const counters = counted.get(service) ?? {};
  const refused = (counters['toolsRefused'] ?? 0) + (counters['toolResultsRefused'] ?? 0);
  const { messagesShed: passedBy = 0, packetsCutOff: cutOff = 0, busConnections: connections = 1 } = counters;
  const notes = [
    ...(refusable > 0 ? [`of ${refusable} bad declarations and results of tools ${refused} refusals counted`] : []),
    ...(service === 'broker' ? [`${passedBy} passed a slow reader by, ${cutOff} lost with one that was cut off`] : []),
    ...(connections > 1 ? [`connected ${connections} times: what came meanwhile it did not see`] : []),
  ];
  return {
    what: service,
    values: {
      'payloads on its topics': payloads,
      'bad ones': undecodable,
      'drops counted': dropsIn(counters),
      ...lifeOf(service, { before, after }),
    },
    budget: 'counted = bad, 0 restarts',
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}

function lifeOf(name: string, { before, after }: Pick<Found, 'before' | 'after'>): BenchRow['values'] {
  const [was, is] = [before, after].map((list) => list.find((one) => one.name === name));
  return {
    'restarts by PM2': (is?.pm2_env.restart_time ?? Number.NaN) - (was?.pm2_env.restart_time ?? Number.NaN),
    'same process': was?.pid === is?.pid ? 'yes' : 'no',
  };
}

async function answerRow(what: string, answered: Promise<void>): Promise<BenchRow> {
  const startMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<'no'>((resolve) => {
    timer = setTimeout(() => resolve('no'), GIVE_UP_MS);
  });
  const outcome = await Promise.race([answered.then(() => 'yes'), tooLate]);
  clearTimeout(timer);
  return { what, values: { answered: outcome, 'after s': (performance.now() - startMs) / 1_000 }, budget: 'yes' };
}
