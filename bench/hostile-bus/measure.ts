import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Credentials } from '#shared/config/credentials.ts';
import type { Metrics } from '#shared/contract/service.ts';

export type HostileRole = 'frozen' | 'slow' | 'unacknowledging' | 'flood' | 'flood-qos1' | 'idle';

export interface HostileFigures {
  /** Control message from publish call to subscriber callback, two hops through the broker's loopback sockets. */
  controlP50Ms: number;
  controlP99Ms: number;
  controlMaxMs: number;
  controlSent: number;
  controlLost: number;
  brokerRssBeforeBytes: number;
  brokerRssPeakBytes: number;
  /** Share of the time in which the broker ran, and in which it could have run but other programs had the processors. */
  brokerRanShare: number;
  brokerQueuedShare: number;
  /** Of the 100 MB, what the flood had got rid of at the end; the kernel's buffers hold a few MB of it. */
  floodSentBytes: number;
  /** As the broker last reported them (every 5 s): clients it cut off as frozen, messages of QoS 0 that passed a slow one by. */
  clientsEvicted: number;
  messagesShed: number;
  /** What each hostile client said on its way, e.g. that the broker closed it. */
  said: Record<string, string>;
}

export interface HostileBusOptions {
  port: number;
  brokerPid: number;
  credentials: Credentials;
  topicPrefix: string;
  roles: readonly HostileRole[];
  durationMs: number;
}

const CONTROL_EVERY_MS = 10;
const SETTLE_MS = 1_000;

/** Sends control messages from one service to another while the hostile clients do their worst. */
export async function measureHostileBus(options: HostileBusOptions): Promise<HostileFigures> {
  const { port, credentials, topicPrefix, roles, durationMs, brokerPid } = options;
  const url = `mqtt://127.0.0.1:${port}`;
  const topic = `${topicPrefix}/control/interrupt`;
  const publisher = await mqtt.connectAsync(url, { ...credentials.router, clientId: 'bench-router' });
  const subscriber = await mqtt.connectAsync(url, { ...credentials.speaker, clientId: 'bench-speaker' });
  const latenciesMs: number[] = [];
  const reportTopic = `${topicPrefix}/broker/metrics`;
  let report: Pick<Metrics, 'counters'> = { counters: {} };
  subscriber.on('message', (on, payload) => {
    if (on === reportTopic) report = JSON.parse(payload.toString()) as Metrics;
    else latenciesMs.push(performance.now() - Number(payload.toString()));
  });
  await subscriber.subscribeAsync([topic, reportTopic], { qos: 1 });

  const brokerRssBeforeBytes = rssBytes(brokerPid);
  let brokerRssPeakBytes = brokerRssBeforeBytes;
  const children: ChildProcess[] = [];
  const said: Record<string, string> = {};
  try {
    for (const role of roles) children.push(await hostileClient(role, options, said));
    let controlSent = 0;
    const scheduledBefore = scheduledMs(brokerPid);
    const until = performance.now() + durationMs;
    while (performance.now() < until) {
      publisher.publish(topic, String(performance.now()), { qos: 1 });
      controlSent += 1;
      brokerRssPeakBytes = Math.max(brokerRssPeakBytes, rssBytes(brokerPid));
      await pause(CONTROL_EVERY_MS);
    }
    const scheduled = scheduledMs(brokerPid);
    await pause(SETTLE_MS);
    const sorted = latenciesMs.toSorted((a, b) => a - b);
    const quantile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    return {
      controlP50Ms: quantile(0.5),
      controlP99Ms: quantile(0.99),
      controlMaxMs: quantile(1),
      controlSent,
      controlLost: controlSent - sorted.length,
      brokerRssBeforeBytes,
      brokerRssPeakBytes,
      brokerRanShare: (scheduled.ran - scheduledBefore.ran) / durationMs,
      brokerQueuedShare: (scheduled.queued - scheduledBefore.queued) / durationMs,
      floodSentBytes: floodSentBytes(said['flood'] ?? said['flood-qos1'] ?? ''),
      clientsEvicted: report.counters['clientsEvicted'] ?? 0,
      messagesShed: report.counters['messagesShed'] ?? 0,
      said,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await publisher.endAsync(true);
    await subscriber.endAsync(true);
  }
}

/** The last of the lines in which the flood says how far it is. */
function floodSentBytes(output: string): number {
  return Number(output.match(/(?<=sent )\d+/g)?.at(-1) ?? 0);
}

async function hostileClient(
  role: HostileRole,
  { port, credentials, topicPrefix }: HostileBusOptions,
  said: Record<string, string>,
): Promise<ChildProcess> {
  const script = join(process.cwd(), 'bench', 'hostile-bus', 'client.mjs');
  const { username, password } = credentials.operator;
  const child = spawn(process.execPath, [script, role, String(port), username, password, topicPrefix]);
  child.stderr.on('data', (text: Buffer) => {
    said[role] = `${said[role] ?? ''}${text}`;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`hostile client ${role} died: ${said[role]}`)));
    child.stdout.on('data', (text: Buffer) => {
      said[role] = `${said[role] ?? ''}${text}`.replace('ready\n', '');
      resolve();
    });
  });
  return child;
}

/** What Linux says of a process's main thread: time on a processor and time in wait for one, of its whole life. */
function scheduledMs(pid: number): { ran: number; queued: number } {
  const [ran = 0, queued = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
  return { ran: ran / 1e6, queued: queued / 1e6 };
}

function rssBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
