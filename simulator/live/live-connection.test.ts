import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { manualClock } from '#shared/time/manual-clock.ts';
import { hum } from '../answer/voice.ts';
import { createGeminiSimulator, type GeminiSimulator } from '../gemini-simulator.ts';
import { namedScenario } from '../scenario/ready-made.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { SETUP } from './virtual-client.ts';

const AT_ONCE = { setup: { medianMs: 0, p95Ms: 0 }, firstAudio: { medianMs: 0, p95Ms: 0 } };
const clock = manualClock();
let simulator: GeminiSimulator;
let sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  sockets = [];
  await simulator.close();
});

async function start(scenario: Scenario): Promise<void> {
  const voice = async (text: string) => hum(text);
  simulator = await createGeminiSimulator({ clock, voice, scenario: { timing: AT_ONCE, ...scenario } });
}

function dial(
  path = '//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k',
): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${simulator.port}${path}`);
  // Cutting a socket off while it connects is an error too; the tests that expect one listen for themselves.
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** The next message of a kind. */
function message(socket: WebSocket, kind: string): Promise<{ bytes: Buffer; binary: boolean }> {
  return new Promise((resolve) => {
    socket.on('message', (bytes: Buffer, binary: boolean) => {
      if (kind in JSON.parse(bytes.toString())) resolve({ bytes, binary });
    });
  });
}

async function open(setup: object = {}): Promise<WebSocket> {
  const socket = dial();
  await once(socket, 'open');
  const ready = message(socket, 'setupComplete');
  socket.send(JSON.stringify({ setup: { ...SETUP, ...setup } }));
  await ready;
  return socket;
}

async function openWithHandle(): Promise<{ socket: WebSocket; handle: string }> {
  const socket = dial();
  await once(socket, 'open');
  const update = message(socket, 'sessionResumptionUpdate');
  socket.send(JSON.stringify({ setup: { ...SETUP, sessionResumption: {} } }));
  return { socket, handle: JSON.parse((await update).bytes.toString()).sessionResumptionUpdate.newHandle };
}

describe('a connection', () => {
  it('speaks JSON in binary frames, with one slash or two', async () => {
    await start({});
    for (const slashes of ['/', '//']) {
      const socket = dial(`${slashes}ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`);
      await once(socket, 'open');
      socket.send(Buffer.from(JSON.stringify({ setup: SETUP })));
      expect(await message(socket, 'setupComplete')).toMatchObject({ binary: true });
    }
  });

  it('is refused under any other path', async () => {
    await start({});
    const [, response] = await once(dial('/ws/elsewhere'), 'unexpected-response');
    expect(response.statusCode).toBe(404);
  });

  it('is closed with the code and text of its cause', async () => {
    await start(namedScenario('key-refused'));
    const socket = dial();
    await once(socket, 'open');
    socket.send(JSON.stringify({ setup: SETUP }));
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([1007, 'API key not valid. Please pass a valid API key.']);
  });

  it.each([
    ['upgrade-429', 429],
    ['upgrade-503', 503],
    ['never-connects', 503],
  ])('under %s is answered with HTTP %i', async (name, status) => {
    await start(namedScenario(name));
    const [, response] = await once(dial(), 'unexpected-response');
    expect(response.statusCode).toBe(status);
  });

  it('is reset before the upgrade is answered, and the second one works', async () => {
    await start({ ...namedScenario('connection-reset'), timing: AT_ONCE });
    const [error] = await once(dial(), 'error');
    expect(error.message).toMatch(/socket hang up|ECONNRESET/);
    await open();
    await expect.poll(() => simulator.state().attempts[0]?.endedAtMs).toBe(clock.nowMs());
    expect(simulator.state()).toMatchObject({
      mostAtOnce: 1,
      attempts: [{ opened: false }, { opened: true, endedAtMs: undefined }],
    });
  });

  it('is refused by the machine while nobody listens, and open sessions live on', async () => {
    await start({});
    const socket = await open();
    await simulator.refuseConnections();
    const [error] = await once(dial(), 'error');
    expect(error.code).toBe('ECONNREFUSED');
    await simulator.acceptConnections();
    await open();
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(simulator.state().openSockets).toBe(2);
  });

  it('may hang in the upgrade until the simulator stops', async () => {
    await start(namedScenario('upgrade-hangs'));
    const socket = dial();
    await expect.poll(() => simulator.state().attempts).toHaveLength(1);
    expect(socket.readyState).toBe(WebSocket.CONNECTING);
  });

  it('answers pings late where the scenario says so', async () => {
    await start({ ...namedScenario('late-pongs'), timing: AT_ONCE });
    const socket = await open();
    let pongs = 0;
    socket.on('pong', () => {
      pongs += 1;
    });
    socket.ping();
    // A message on the same connection comes after the ping: when it is counted, the ping has been read too.
    socket.send(JSON.stringify({ clientContent: { turnComplete: false } }));
    await expect.poll(() => simulator.state().sessions[0]?.clientMessages).toBe(2);
    clock.advance(19_999);
    expect(pongs).toBe(0);
    const pong = once(socket, 'pong');
    clock.advance(1);
    await pong;
  });

  it('that is cut ends without a close frame', async () => {
    await start({});
    const socket = await open();
    const closed = once(socket, 'close');
    simulator.command({ kind: 'drop' });
    expect((await closed)[0]).toBe(1006);
  });

  it('that stalls stays open, reads nothing and answers nothing', async () => {
    await start({});
    const socket = await open();
    simulator.command({ kind: 'stall' });
    socket.send(JSON.stringify({ clientContent: { turnComplete: false } }), () => undefined);
    socket.ping();
    simulator.command({ kind: 'close', cause: 'internal' });
    const second = await open();
    second.send(JSON.stringify({ clientContent: { turnComplete: false } }));
    await expect.poll(() => simulator.state().sessions[1]?.clientMessages).toBe(2);
    expect(simulator.state().sessions[0]?.clientMessages).toBe(1);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('that stalls leaves what the client sends in its buffers, where a healthy one takes it', async () => {
    await start({});
    const stalled = await open();
    simulator.command({ kind: 'stall' });
    const healthy = await open();
    const data = Buffer.alloc(4_000_000).toString('base64');
    const much = JSON.stringify({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
    for (let message = 0; message < 5; message += 1) {
      for (const socket of [stalled, healthy]) socket.send(much);
    }
    await expect.poll(() => simulator.state().sessions[1]?.clientMessages, { timeout: 10_000 }).toBe(6);
    expect(healthy.bufferedAmount).toBe(0);
    expect(stalled.bufferedAmount).toBeGreaterThan(0);
  }, 20_000);

  it('that stalled keeps no timer when the simulator stops', async () => {
    const alarms = new Set<() => void>();
    const counting = {
      ...clock,
      after(delayMs: number, task: () => void) {
        const cancel = clock.after(delayMs, task);
        alarms.add(cancel);
        return () => {
          alarms.delete(cancel);
          cancel();
        };
      },
    };
    simulator = await createGeminiSimulator({ clock: counting, scenario: { timing: { ...AT_ONCE } } });
    await open();
    simulator.command({ kind: 'stall' });
    expect(alarms.size).toBeGreaterThan(0);
    await simulator.close();
    expect(alarms.size).toBe(0);
  });

  it('that stalled does not keep its handle from being used', async () => {
    await start({});
    const { handle } = await openWithHandle();
    simulator.command({ kind: 'stall' });
    await open({ sessionResumption: { handle } });
    expect(simulator.state().sessions.at(-1)).toMatchObject({ resumed: true });
  });

  it('is not resumed while the old one is open, and is when it has closed', async () => {
    await start({});
    const { socket: first, handle } = await openWithHandle();
    const early = dial();
    await once(early, 'open');
    early.send(JSON.stringify({ setup: { ...SETUP, sessionResumption: { handle } } }));
    expect((await once(early, 'close'))[0]).toBe(1011);
    first.close();
    await once(first, 'close');
    await expect.poll(() => simulator.state().openSockets).toBe(0);
    await open({ sessionResumption: { handle } });
    expect(simulator.state().sessions.at(-1)).toMatchObject({ resumed: true, phase: 'live' });
  });

  it('cannot be resumed after two hours', async () => {
    await start({});
    const { socket: first, handle } = await openWithHandle();
    first.terminate();
    clock.advance(2 * 60 * 60_000 + 1);
    const late = dial();
    await once(late, 'open');
    late.send(JSON.stringify({ setup: { ...SETUP, sessionResumption: { handle } } }));
    expect(String((await once(late, 'close'))[1])).toBe('BidiGenerateContent session not found');
  });
});
