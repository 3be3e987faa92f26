import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, launchProcess, type RunningProcess } from './harness/processes.ts';
import { startTestStack } from './harness/test-stack.ts';

const EXIT_CONFIGURATION = 1;
let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'cortex-bad-input-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** The exit code and last log line of a program that is meant to give up. */
async function givesUp(name: string, env: Record<string, string>): Promise<{ code: unknown; said: string }> {
  const { process } = launchProcess(name, { CORTEX_STATE_DIR: stateDir, ...env });
  const code = await process.exited;
  return { code, said: lastWords(process) };
}

function lastWords({ log }: RunningProcess): string {
  return String(log.findLast(({ level }) => level >= 50)?.msg);
}

describe('bad input', () => {
  it('a wrong setting: every problem in one message, exit code 1', async () => {
    const { code, said } = await givesUp('speaker', { BARGE_IN: 'maybe', CORTEX_MQTT_PORT: 'x' });
    expect(code).toBe(EXIT_CONFIGURATION);
    expect(said).toContain('BARGE_IN: "maybe" must be pause, duck or off');
    expect(said).toContain('CORTEX_MQTT_PORT');
  });

  it.each([
    ['broker', 'CORTEX_MQTT_PORT'],
    ['live-sim', 'CORTEX_SIM_PORT'],
  ])('%s finds its port taken: it names the port and %s', async (name, setting) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, said } = await givesUp(name, { [setting]: String(port), CORTEX_HTTP_PORT: String(await freePort()) });
    other.close();
    expect(code).toBe(EXIT_CONFIGURATION);
    expect(said).toContain(String(port));
    expect(said).toContain(setting);
  });

  it.each([
    ['is not there', undefined],
    ['is no WAV file', 'this is text'],
  ])('a question file that %s: audio-in names it and its setting', async (_what, content) => {
    const path = join(stateDir, 'question.wav');
    if (content) writeFileSync(path, content);
    const stack = await startTestStack();
    const { code, said } = await givesUp('audio-in', { ...stack.env, CORTEX_AUDIO_INPUT: `file:${path}` });
    await stack.close();
    expect(code).toBe(EXIT_CONFIGURATION);
    expect(said).toContain(path);
    expect(said).toContain('CORTEX_AUDIO_INPUT');
  });

  it('a broker that is not there: the service says so, waits, and does its job when it comes', async () => {
    const [mqttPort, httpPort] = [await freePort(), await freePort()];
    const env = { CORTEX_STATE_DIR: stateDir, CORTEX_MQTT_PORT: String(mqttPort), CORTEX_HTTP_PORT: String(httpPort) };
    const router = launchProcess('router', env);
    const complaint = await router.process.logged(({ level }) => level === 50);
    expect(complaint.msg).toContain('CORTEX_MQTT_PORT');
    const broker = launchProcess('broker', env);
    await once(router.child, 'message');
    expect(await router.process.end()).toBe(0);
    expect(await broker.process.end()).toBe(0);
  });

  it('a password the broker refuses: the service says which settings to check', async () => {
    const stack = await startTestStack();
    const { process } = launchProcess('router', {
      CORTEX_STATE_DIR: stateDir,
      CORTEX_MQTT_URL: `mqtt://127.0.0.1:${stack.mqttPort}`,
      CORTEX_MQTT_USERNAME: 'router',
      CORTEX_MQTT_PASSWORD: 'wrong',
    });
    const complaint = await process.logged(({ level }) => level === 50);
    expect(complaint).toMatchObject({ msg: expect.stringContaining('CORTEX_MQTT_PASSWORD') });
    await process.end();
    await stack.close();
  });
});
