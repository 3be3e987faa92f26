import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loadCredentials } from '#shared/config/credentials.ts';
import type { Account, Channel } from '#shared/contract/channel.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { freePort, type RunningProcess, startProcess } from './processes.ts';
import { Watched } from './watched.ts';

/** A broker and whichever services a test starts, on ports and in a state folder of their own. */
export interface TestStack {
  env: Record<string, string>;
  stateDir: string;
  mqttPort: number;
  httpPort: number;
  /** The operator's connection. */
  bus: Bus;
  connect(account: Account): Bus;
  /** The broker's present process. */
  readonly broker: RunningProcess;
  /** Starts the broker again, after a test has ended it. */
  restartBroker(): Promise<void>;
  start(name: string, env?: Record<string, string>): Promise<RunningProcess>;
  /** Everything that comes on a channel from now on, with waiting for what a test is after. */
  watch<Payload>(channel: Channel<Payload>): Promise<Watched<Payload>>;
  close(): Promise<void>;
}

/** @param env settings for every process, on top of the stack's own ports and folders. */
export async function startTestStack(env: Record<string, string> = {}): Promise<TestStack> {
  const stateDir = mkdtempSync(join(tmpdir(), 'cortex-state-'));
  const [mqttPort, httpPort, simulatorPort] = [await freePort(), await freePort(), await freePort()];
  const stackEnv = {
    CORTEX_STATE_DIR: stateDir,
    CORTEX_MQTT_PORT: String(mqttPort),
    CORTEX_HTTP_PORT: String(httpPort),
    CORTEX_SIM_PORT: String(simulatorPort),
    ...env,
  };
  const credentials = loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined });
  let broker = await startProcess('broker', stackEnv);
  const processes: RunningProcess[] = [];
  const buses: Bus[] = [];

  function connect(account: Account): Bus {
    const bus = connectMqttBus({
      ...credentials[account],
      url: `mqtt://127.0.0.1:${mqttPort}`,
      clientName: `test-${account}`,
      topicPrefix: env['CORTEX_TOPIC_PREFIX'] ?? 'cortex',
      clock: systemClock(),
      log: createLog('test', 'silent'),
      meters: new Meters(),
    });
    buses.push(bus);
    return bus;
  }

  const bus = connect('operator');
  return {
    env: stackEnv,
    stateDir,
    mqttPort,
    httpPort,
    bus,
    connect,
    get broker() {
      return broker;
    },
    async restartBroker() {
      broker = await startProcess('broker', stackEnv);
    },
    async start(name, more = {}) {
      const process = await startProcess(name, { ...stackEnv, ...more });
      processes.push(process);
      return process;
    },
    watch: (channel) => Watched.on(bus, channel),
    async close() {
      await Promise.all(buses.map((each) => each.close()));
      for (const process of processes.reverse()) await process.end();
      // Last, so that goodbyes are heard.
      await broker.end();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
