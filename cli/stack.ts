import { readFileSync } from 'node:fs';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loginFor } from '#shared/config/credentials.ts';
import type { Settings } from '#shared/config/settings.ts';
import { SERVICES, type ServiceName } from '#shared/contract/channel.ts';
import { type Status, status } from '#shared/contract/service.ts';
import { brokerAddress } from '#shared/lifecycle/broker-url.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { listProcesses, type Pm2Process } from './pm2.ts';

/** What a process exits with when a setting is wrong; see ecosystem.config.js. */
const EXIT_CONFIGURATION = 1;

/** True where the answers come from the local stand-in and not from Google. */
export function isSimulated(settings: Settings): boolean {
  return !settings.geminiApiKey && !settings.geminiBaseUrl;
}

/** The processes this configuration runs, in PM2's names. */
export function expectedProcesses(settings: Settings): string[] {
  const services = SERVICES.filter((service) => service !== 'broker' || !settings.mqttUrl);
  return isSimulated(settings) ? [...services, 'live-sim'] : services;
}

export interface ProcessView {
  name: string;
  state: 'ready' | 'starting' | 'restarting' | 'failed' | 'not running';
  uses: string;
  process?: Pm2Process;
}

/** Listens to the stack's own words (status topics) and to PM2's; call `close` when done. */
export interface StackWatch {
  look(): Promise<ProcessView[]>;
  close(): Promise<void>;
}

export async function watchStack(root: string, settings: Settings, clock: Clock): Promise<StackWatch> {
  const statuses = new Map<string, Status>();
  const bus = connectMqttBus({
    ...loginFor('operator', settings),
    ...brokerAddress(settings),
    clientName: 'cli',
    topicPrefix: settings.topicPrefix,
    clock,
    log: createLog('cli', 'silent'),
    meters: new Meters(),
  });
  // Not awaited: it resolves when the broker is there, and telling that it is not is what this is for.
  void bus
    .subscribe(status, ({ payload, levels }) => statuses.set(levels['service'] ?? '', payload))
    .catch(() => undefined);
  return {
    async look() {
      const processes = await listProcesses(root);
      return expectedProcesses(settings).map((name) =>
        view(
          name,
          processes.find((process) => process.name === name),
          statuses.get(name),
          settings,
        ),
      );
    },
    close: () => bus.close(),
  };
}

function view(
  name: string,
  process: Pm2Process | undefined,
  said: Status | undefined,
  settings: Settings,
): ProcessView {
  if (!process) return { name, state: 'not running', uses: '' };
  const { status: pm2Status } = process.pm2_env;
  const uses = said?.uses ?? (name === 'live-sim' ? `http://127.0.0.1:${settings.simulatorPort}` : '');
  // PM2 shows "waiting restart" for a process it will not restart, because its exit code is one of `stop_exit_codes`.
  const gaveUp = pm2Status === 'waiting restart' && process.pm2_env.exit_code === EXIT_CONFIGURATION;
  if (gaveUp || pm2Status === 'stopped' || pm2Status === 'errored')
    return { name, state: 'failed', uses: lastComplaint(process), process };
  if (pm2Status === 'waiting restart') return { name, state: 'restarting', uses: lastComplaint(process), process };
  const onBus = SERVICES.includes(name as ServiceName);
  const ready = onBus ? said?.state === 'online' && said.pid === process.pid : pm2Status === 'online';
  return { name, state: ready ? 'ready' : 'starting', uses: ready ? uses : lastComplaint(process), process };
}

/** The newest warning or worse in the service's log since its last start: the reason a person looks for. */
function lastComplaint(process: Pm2Process): string {
  let text: string;
  try {
    text = readFileSync(process.pm2_env.pm_out_log_path, 'utf8').slice(-20_000);
  } catch {
    return '';
  }
  const lines = text.trimEnd().split('\n').reverse();
  for (const line of lines) {
    let entry: { level?: number; msg?: string; reason?: string; err?: { message?: string } };
    try {
      entry = JSON.parse(line);
    } catch {
      continue;
    }
    if (entry.msg === 'ready') return '';
    if ((entry.level ?? 0) < 40) continue;
    return [entry.msg, entry.reason ?? entry.err?.message].filter(Boolean).join(': ');
  }
  return '';
}
