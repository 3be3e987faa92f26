import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readWav } from '#shared/audio/wav.ts';
import { createGeminiSimulator, type GeminiSimulator } from '../gemini-simulator.ts';
import { SETUP } from '../live/virtual-client.ts';

let simulator: GeminiSimulator;
let socket: WebSocket | undefined;

beforeEach(async () => {
  simulator = await createGeminiSimulator({
    scenario: { timing: { setup: { medianMs: 0, p95Ms: 0 } } },
    voice: async () => new Int16Array(0),
    recognise: async () => undefined,
  });
});

afterEach(async () => {
  socket?.terminate();
  await simulator.close();
});

const get = (path: string) => fetch(`${simulator.url}/control/${path}`);
const post = (path: string, body: unknown = {}) =>
  fetch(`${simulator.url}/control/${path}`, { method: 'POST', body: JSON.stringify(body) });

async function connect(): Promise<WebSocket> {
  socket = new WebSocket(
    `ws://127.0.0.1:${simulator.port}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`,
  );
  await once(socket, 'open');
  const ready = once(socket, 'message');
  socket.send(JSON.stringify({ setup: SETUP }));
  await ready;
  return socket;
}

describe('the control endpoint', () => {
  it('shows every sample it was sent, as a WAV file, and what it knows of the session', async () => {
    const live = await connect();
    const samples = Int16Array.from({ length: 3_000 }, (_, index) => index - 1_500);
    const send = (realtimeInput: object) => live.send(JSON.stringify({ realtimeInput }));
    send({ activityStart: {} });
    for (let at = 0; at < samples.length; at += 320) {
      const data = Buffer.from(samples.slice(at, at + 320).buffer).toString('base64');
      send({ audio: { data, mimeType: 'audio/pcm;rate=16000' } });
    }
    send({ video: { data: Buffer.from('picture').toString('base64'), mimeType: 'image/jpeg' } });
    send({ activityEnd: {} });
    await expect.poll(() => simulator.state().sessions[0]?.turns).toBe(1);
    for (const query of ['', '?connection=1', '?connection=1&activity=1']) {
      const wav = Buffer.from(await (await get(`audio${query}`)).arrayBuffer());
      expect(readWav(wav)).toEqual({ sampleRateHz: 16_000, samples });
    }
    expect(await (await get('image')).text()).toBe('picture');
    expect(await (await get('state')).json()).toMatchObject({
      openSockets: 1,
      attempts: [{ connection: 1, opened: true }],
      sessions: [{ model: 'gemini-3.8-live', turns: 1, images: 1, activities: [{ number: 1, seconds: 0.1875 }] }],
    });
  });

  it('loads a scenario by name or whole, and says what is wrong with it', async () => {
    expect((await post('scenario', { name: 'silent-model' })).status).toBe(200);
    expect(simulator.state().scenario).toMatch(/never answered/);
    expect((await post('scenario', { description: 'mine', lifetime: 'unlimited' })).status).toBe(200);
    expect(simulator.state().scenario).toBe('mine');
    const wrong = await post('scenario', { turns: [{ faults: [{ fault: 'hiccup' }] }] });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: expect.stringContaining('turns.0.faults.0') });
    expect(await (await get('scenarios')).json()).toHaveProperty('silent-model');
  });

  it.each([
    ['close', { cause: 'quota' }, 1011],
    ['close', { code: 1008, reason: 'because' }, 1008],
    ['drop', {}, 1006],
  ])('%s ends every session', async (command, body, code) => {
    const closed = once(await connect(), 'close');
    expect((await post(command, body)).status).toBe(200);
    expect((await closed)[0]).toBe(code);
  });

  it.each([
    ['goaway', { timeLeftMs: 5_000 }, { goAway: { timeLeft: '5s' } }],
    ['goaway', {}, { goAway: { timeLeft: '50s' } }],
    ['send', { serverContent: { unheardOf: 1 } }, { serverContent: { unheardOf: 1 } }],
    ['interrupted', {}, { serverContent: { interrupted: true } }],
  ])('%s says so to every session', async (command, body, message) => {
    const said = once(await connect(), 'message');
    await post(command, body);
    expect(JSON.parse(String((await said)[0]))).toEqual(message);
  });

  it('refuses commands it does not know and bodies that do not fit', async () => {
    expect((await post('dance')).status).toBe(404);
    expect((await post('close', { cause: 'boredom' })).status).toBe(400);
    expect((await post('close', { code: 1006, reason: '' })).status).toBe(400);
    expect((await get('image')).status).toBe(404);
  });

  it('cuts a reason that is too long for a close frame', async () => {
    const closed = once(await connect(), 'close');
    await post('close', { code: 1011, reason: 'x'.repeat(500) });
    expect(String((await closed)[1])).toBe('x'.repeat(123));
  });

  it('survives a request target that is no URL', async () => {
    for (const headers of [{}, { connection: 'Upgrade', upgrade: 'websocket' }]) {
      const asked = request({ port: simulator.port, path: 'http://[', headers }).end();
      const [response] = await once(asked, 'response');
      response.resume();
      expect(response.statusCode).toBe(404);
    }
  });

  it('answers no page that rebinds its name to this machine', async () => {
    const asked = request(`${simulator.url}/control/audio`, { headers: { host: 'evil.example' } }).end();
    const [response] = await once(asked, 'response');
    response.resume();
    expect(response.statusCode).toBe(403);
  });
});
