import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '#shared/bus/bus.ts';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loadCredentials } from '#shared/config/credentials.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { freePort } from './processes.ts';

/** Of the entry's `pm2_env` in `pm2 jlist`, what tests look at. */
export interface Pm2Environment {
  restart_time: number;
  exit_code?: number;
  /** What the last crash was waited for, ms. */
  prev_restart_delay?: number;
}

/** A line of `pm2 jlist`. */
export interface Pm2Process {
  name: string;
  /** 0 while it does not run. */
  pid: number;
  pm2_env: Pm2Environment;
}

/** The whole stack under a PM2 of its own, started by the project's own command, with ports and folders nobody else uses. */
export interface Pm2Stack {
  env: Record<string, string>;
  stateDir: string;
  simulatorUrl: string;
  /** Runs `npm start`, `stop`, `status` or `doctor` (the built program). */
  command(name: string): Promise<{ code: number; output: string }>;
  /** Runs PM2's own command line. */
  pm2(...args: string[]): Promise<string>;
  /** The process ids PM2 knows for a service; two of them during a reload. */
  pids(service: string): Promise<number[]>;
  /** Everything PM2 runs. */
  processes(): Promise<Pm2Process[]>;
  /** What PM2 knows of a service. Throws where it knows none of that name. */
  process(service: string): Promise<Pm2Environment>;
  /** A connection as operator. */
  connect(): Bus;
  close(): Promise<void>;
}

/** @param env on top of the stack's own ports and folders. Nothing is started yet: `command('start')` does. */
export async function preparePm2Stack(env: Record<string, string> = {}): Promise<Pm2Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'cortex-pm2-'));
  const simulatorPort = await freePort();
  const stackEnv: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    PM2_HOME: join(folder, 'pm2'),
    CORTEX_STATE_DIR: join(folder, 'state'),
    CORTEX_MQTT_PORT: String(await freePort()),
    CORTEX_HTTP_PORT: String(await freePort()),
    CORTEX_SIM_PORT: String(simulatorPort),
    ...env,
  };
  const stateDir = stackEnv['CORTEX_STATE_DIR'] ?? '';
  const buses: Bus[] = [];

  async function run(args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, args, { env: stackEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = await once(child, 'close');
    return { code: code as number, output };
  }

  async function pm2(...args: string[]): Promise<string> {
    const { code, output } = await run(['node_modules/pm2/bin/pm2', ...args]);
    if (code !== 0) throw new Error(`pm2 ${args.join(' ')} exited with ${code}:\n${output}`);
    return output;
  }

  async function list(): Promise<Pm2Process[]> {
    return JSON.parse((await pm2('jlist')).split('\n').findLast((line) => line.startsWith('[')) ?? '[]');
  }

  return {
    env: stackEnv,
    stateDir,
    simulatorUrl: `http://127.0.0.1:${simulatorPort}`,
    command: (name) => run(['dist/cli.cjs', name]),
    pm2,
    processes: list,
    async pids(service) {
      return (await list()).filter(({ name, pid }) => name === service && pid > 0).map(({ pid }) => pid);
    },
    async process(service) {
      const found = (await list()).find(({ name }) => name === service);
      if (!found) throw new Error(`PM2 knows no ${service}`);
      return found.pm2_env;
    },
    connect() {
      const bus = connectMqttBus({
        ...loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined }).operator,
        url: `mqtt://127.0.0.1:${stackEnv['CORTEX_MQTT_PORT']}`,
        clientName: 'test',
        topicPrefix: 'cortex',
        clock: systemClock(),
        log: createLog('test', 'silent'),
        meters: new Meters(),
      });
      buses.push(bus);
      return bus;
    },
    async close() {
      await Promise.all(buses.map((bus) => bus.close()));
      await run(['dist/cli.cjs', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
