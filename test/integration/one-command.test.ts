import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status } from '#shared/contract/service.ts';
import { playback } from '#shared/contract/speaker.ts';
import { transcript, turn } from '#shared/contract/thinker.ts';
import { type Pm2Stack, preparePm2Stack } from './harness/pm2-stack.ts';
import { Watched } from './harness/watched.ts';

const SERVICES = ['broker', 'audio-in', 'vision', 'thinker', 'speaker', 'router', 'live-sim'];

/** The whole thing as a person starts it, under a PM2 of its own: no sound card, no camera, no key. */
describe('npm start', () => {
  let stack: Pm2Stack;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cortex-alsa-'));
    const alsaConfig = join(folder, 'asound.conf');
    writeFileSync(alsaConfig, 'pcm.absent { type hw card 99 }\n');
    stack = await preparePm2Stack({
      // No card, whatever the machine has: what `auto` finds on a bare one. (PortAudio aborts on a configuration without any name.)
      ALSA_CONFIG_PATH: alsaConfig,
      PULSE_SERVER: 'unix:/nonexistent',
    });
  });
  afterAll(() => stack.close());

  it('brings up every service, says what each uses, converses, and npm stop leaves nothing running', async () => {
    const { code, output } = await stack.command('start');
    expect(output).toContain('SIMULATED');
    for (const service of SERVICES) expect(output).toMatch(new RegExp(`^${service} +ready`, 'm'));
    expect(code).toBe(0);

    const bus = stack.connect();
    const turns = await Watched.on(bus, turn);
    const transcripts = await Watched.on(bus, transcript);
    const playbacks = await Watched.on(bus, playback);
    const statuses = await Watched.on(bus, status);
    const done = await turns.next(({ state }) => state === 'done');
    await turns.next(({ state, turn: number }) => state === 'done' && number > done.turn);
    await transcripts.next(({ role, turn: number }) => role === 'model' && number === done.turn);
    await playbacks.next(({ state }) => state === 'finished');
    const pids = statuses.seen.map(({ payload }) => payload.pid);

    expect((await stack.command('status')).code).toBe(0);
    const daemon = Number(readFileSync(join(stack.env['PM2_HOME'] ?? '', 'pm2.pid'), 'utf8'));
    expect((await stack.command('stop')).code).toBe(0);
    for (const pid of [...pids, daemon]) expect(isAlive(pid), `process ${pid}`).toBe(false);
  }, 180_000);

  it('takes new settings to a stack that runs, and back again', async () => {
    expect((await stack.command('start')).output).toMatch(/^speaker +ready +file /m);
    stack.env['CORTEX_AUDIO_OUTPUT'] = 'null';
    const changed = await stack.command('start');
    expect(changed.output).toMatch(/^speaker +ready +(?!file)/m);
    expect(changed.code).toBe(0);
    delete stack.env['CORTEX_AUDIO_OUTPUT'];
    const back = await stack.command('start');
    expect(back.output).toMatch(/^speaker +ready +file /m);
    expect(back.code).toBe(0);
  }, 180_000);

  it('says which service is not ready and why, and exits with 1', async () => {
    stack.env['CORTEX_AUDIO_INPUT'] = 'file:/nonexistent/question.wav';
    const { code, output } = await stack.command('start');
    expect(code).toBe(1);
    expect(output).toMatch(/^audio-in is failed: .*\/nonexistent\/question\.wav/m);
    delete stack.env['CORTEX_AUDIO_INPUT'];
  }, 120_000);

  it('reports wrong settings before it starts anything', async () => {
    stack.env['BARGE_IN'] = 'maybe';
    const { code, output } = await stack.command('start');
    expect(code).toBe(1);
    expect(output).toContain('BARGE_IN: "maybe" must be pause, duck or off');
    delete stack.env['BARGE_IN'];
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
