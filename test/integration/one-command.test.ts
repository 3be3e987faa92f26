import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMqttBus } from '#shared/bus/mqtt-bus.ts';
import { loadCredentials } from '#shared/config/credentials.ts';
import { status } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { transcript, turn } from '#shared/contract/thinker.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import { freePort } from './harness/processes.ts';
import { Watched } from './harness/watched.ts';

const SERVICES = ['broker', 'audio-in', 'vision', 'thinker', 'speaker', 'router', 'live-sim'];

/** The whole thing as a person starts it, under a PM2 of its own: no sound card, no camera, no key. */
describe('npm start', () => {
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-start-'));
    const alsaConfig = join(folder, 'asound.conf');
    writeFileSync(alsaConfig, 'pcm.absent { type hw card 99 }\n');
    env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      PM2_HOME: join(folder, 'pm2'),
      CORTEX_STATE_DIR: join(folder, 'state'),
      CORTEX_MQTT_PORT: String(await freePort()),
      CORTEX_HTTP_PORT: String(await freePort()),
      CORTEX_SIM_PORT: String(await freePort()),
      // No card, whatever the machine has: what `auto` finds on a bare one. (PortAudio aborts on a configuration without any name.)
      ALSA_CONFIG_PATH: alsaConfig,
      PULSE_SERVER: 'unix:/nonexistent',
    };
  });
  afterAll(async () => {
    await command('stop');
    rmSync(folder, { recursive: true, force: true });
  });

  async function command(name: string): Promise<{ code: number; output: string }> {
    const child = spawn(process.execPath, ['dist/cli.cjs', name], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = await once(child, 'close');
    return { code: code as number, output };
  }

  it('brings up every service, says what each uses, converses, and npm stop leaves nothing running', async () => {
    const { code, output } = await command('start');
    expect(output).toContain('SIMULATED');
    for (const service of SERVICES) expect(output).toMatch(new RegExp(`^${service} +ready`, 'm'));
    expect(code).toBe(0);

    const bus = connectMqttBus({
      ...loadCredentials({ stateDir: env['CORTEX_STATE_DIR'] ?? '', mqttUsername: undefined, mqttPassword: undefined })
        .operator,
      url: `mqtt://127.0.0.1:${env['CORTEX_MQTT_PORT']}`,
      clientName: 'test',
      topicPrefix: 'cortex',
      clock: systemClock(),
      log: createLog('test', 'silent'),
      meters: new Meters(),
    });
    const turns = await Watched.on(bus, turn);
    const transcripts = await Watched.on(bus, transcript);
    const playbacks = await Watched.on(bus, playback);
    const statuses = await Watched.on(bus, status);
    const done = await turns.next(({ state }) => state === 'done');
    await turns.next(({ state, turn: number }) => state === 'done' && number > done.turn);
    await transcripts.next(({ role, turn: number }) => role === 'model' && number === done.turn);
    await playbacks.next(({ state }) => state === 'finished');
    const pids = statuses.seen.map(({ payload }) => payload.pid);
    await bus.close();

    expect((await command('status')).code).toBe(0);
    const daemon = Number(readFileSync(join(env['PM2_HOME'] ?? '', 'pm2.pid'), 'utf8'));
    expect((await command('stop')).code).toBe(0);
    for (const pid of [...pids, daemon]) expect(isAlive(pid), `process ${pid}`).toBe(false);
  }, 180_000);

  it('says which service is not ready and why, and exits with 1', async () => {
    env['CORTEX_AUDIO_INPUT'] = 'file:/nonexistent/question.wav';
    const { code, output } = await command('start');
    expect(code).toBe(1);
    expect(output).toMatch(/^audio-in is failed: .*\/nonexistent\/question\.wav/m);
    delete env['CORTEX_AUDIO_INPUT'];
  }, 120_000);

  it('reports wrong settings before it starts anything', async () => {
    env['BARGE_IN'] = 'maybe';
    const { code, output } = await command('start');
    expect(code).toBe(1);
    expect(output).toContain('BARGE_IN: "maybe" must be pause, duck or off');
    delete env['BARGE_IN'];
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
