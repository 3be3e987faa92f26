import { expect, test } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { atTopic, type Channel } from '#shared/contract/channel.ts';
import { fallback, interrupt, privacy, runtimeSettings, volume } from '#shared/contract/control.ts';
import { decision, layer1Request, layer3Request, layer3Response } from '#shared/contract/layers.ts';
import { status } from '#shared/contract/service.ts';
import { alert, playback, speakerState } from '#shared/contract/speaker.ts';
import { context, say, session, transcript, turn } from '#shared/contract/thinker.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import { type TestContext, testContext } from '#shared/lifecycle/test-context.ts';
import { startRouter } from './service.ts';

const OUTPUTS: readonly Channel<unknown>[] = [
  fallback,
  interrupt,
  privacy,
  volume,
  decision,
  layer1Request,
  layer3Request,
  alert,
  context,
  say,
];

async function world(environment: Record<string, string> = {}, hub = new MemoryHub()) {
  const service: TestContext = testContext(environment, hub);
  const bus = hub.bus();
  const seen: { topic: string; payload: unknown }[] = [];
  for (const channel of OUTPUTS) await bus.subscribe(channel, ({ topic, payload }) => seen.push({ topic, payload }));
  const settle = async () => {
    for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  /** Processes that are spoken of on the bus and are not there. */
  const dead = new Set<number>();

  async function start(pid = 100): Promise<Running> {
    const starting = startRouter(service, pid, (other) => !dead.has(other));
    await settle();
    service.clock.advance(250);
    const running = await starting;
    await settle();
    return running;
  }

  async function publish<Payload>(channel: Channel<Payload>, payload: Payload): Promise<void> {
    bus.publish(channel, payload);
    await settle();
  }

  /** Everything published on the channel since the last look. */
  function take<Payload>(channel: Channel<Payload>): Payload[] {
    const taken = seen.filter(({ topic }) => topic === channel.topic);
    for (const message of taken) seen.splice(seen.indexOf(message), 1);
    return taken.map(({ payload }) => payload as Payload);
  }

  let number = 0;
  async function user(text: string, final = true): Promise<void> {
    number += 1;
    await publish(transcript, { turn: number, role: 'user', text, final, at: 0 });
  }

  return { ...service, bus, dead, start, settle, publish, take, user };
}

test('the very first start publishes level live', async () => {
  const { start, take } = await world();
  await start();
  expect(take(fallback)).toMatchObject([{ level: 'live' }]);
});

test('LAYER2_MODE=legacy and ENABLE_LIVE_API=false start at level http', async () => {
  for (const environment of [{ LAYER2_MODE: 'legacy' }, { ENABLE_LIVE_API: 'false' }]) {
    const { start, take } = await world(environment as Record<string, string>);
    await start();
    expect(take(fallback)).toMatchObject([{ level: 'http' }]);
  }
});

test('a restart leaves the retained level alone and says nothing', async () => {
  const { start, publish, take, clock, settle } = await world();
  await publish(fallback, { level: 'http', reason: 'the quota of my service is used up', since: 1 });
  await start();
  clock.advance(5_000);
  await settle();
  expect(take(fallback)).toHaveLength(1);
  expect(take(alert)).toEqual([]);
});

test('a final user transcript is decided once; partial, model and repeated ones are not', async () => {
  const { start, publish, take } = await world();
  const router = await start();
  const said = { turn: 7, text: 'Why is the sky blue?', at: 0 };
  await publish(transcript, { ...said, role: 'user', final: false });
  await publish(transcript, { ...said, role: 'user', final: true });
  await publish(transcript, { ...said, role: 'user', final: true });
  await publish(transcript, { ...said, role: 'model', final: true });
  expect(take(decision)).toMatchObject([{ turn: 7, layer: 2, text: said.text }]);
  await router.stop();
  await publish(transcript, { ...said, turn: 8, role: 'user', final: true });
  expect(take(decision)).toEqual([]);
});

test('noise that became words is not decided', async () => {
  const { start, user, take, meters } = await world();
  await start();
  await user('Thanks for watching!');
  expect(take(decision)).toEqual([]);
  expect(meters.snapshot(0).counters).toMatchObject({ transcriptsIgnored: 1 });
});

test('stop interrupts at once', async () => {
  const { start, user, take } = await world();
  await start();
  await user('Stop.');
  expect(take(interrupt)).toMatchObject([{ source: 'voice-command' }]);
  expect(take(decision)).toMatchObject([{ layer: 1, intent: 'stop' }]);
});

test('a firm stop over a speaking speaker does not wait for the end of the sentence', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await user('stop talking', false);
  expect(take(interrupt)).toEqual([]);
  await publish(speakerState, { state: 'speaking', turn: 1, position: 5, volume: 1, output: 'null', since: 0 });
  await user('stop', false);
  expect(take(interrupt)).toEqual([]);
  await user('stop talking', false);
  expect(take(interrupt)).toHaveLength(1);
});

test('a stop of a turn that is overtaken does not cut the question the user asks now', async () => {
  const { start, publish, take } = await world();
  await start();
  await publish(turn, { turn: 5, utterance: 5, state: 'done', backend: 'live', at: 0 });
  await publish(turn, { turn: 6, utterance: 6, state: 'listening', backend: 'live', at: 0 });
  await publish(transcript, { turn: 5, role: 'user', text: 'Stop.', final: true, at: 0 });
  expect(take(interrupt)).toEqual([]);
});

test('a command in a text question is left to the thinker', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await publish(turn, { turn: 1, state: 'thinking', backend: 'live', at: 0 });
  await user('Are you there?');
  expect(take(decision)).toMatchObject([{ layer: 2, intent: 'are-you-there' }]);
  expect([...take(interrupt), ...take(alert)]).toEqual([]);
});

test('with VAD_MODE=server turns have no utterance and are spoken all the same', async () => {
  const { start, user, publish, take } = await world({ VAD_MODE: 'server' });
  await start();
  await publish(turn, { turn: 1, state: 'thinking', backend: 'live', at: 0 });
  await user('Are you there?');
  expect(take(alert)).toMatchObject([{ text: 'Yes, I am here.' }]);
});

test('louder twice in a row is two steps, and the answer of the model is cut', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await publish(volume, { volume: 0.4 });
  take(volume);
  await user('Louder.');
  await user('Even louder please, louder');
  expect(take(volume).map((payload) => payload.volume)).toEqual([0.55, 0.7]);
  expect(take(interrupt)).toHaveLength(2);
  expect(take(alert)).toMatchObject([{ text: 'Volume 55 percent.' }, { text: 'Volume 70 percent.' }]);
});

test('camera off blocks the camera only, and the model is told', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await publish(privacy, { microphone: true, camera: false });
  take(privacy);
  await user('Camera off.');
  expect(take(privacy)).toEqual([{ microphone: true, camera: true }]);
  expect(take(alert).map(({ text }) => text)).toEqual(['Microphone off.', 'Camera off.']);
  expect(take(context)).toMatchObject([{ text: expect.stringContaining('camera is now off') }]);
});

test('a button press is announced, the same value again and the value at the start are not', async () => {
  const { start, publish, take } = await world();
  await publish(privacy, { microphone: true, camera: false });
  await start();
  expect(take(alert)).toEqual([]);
  await publish(privacy, { microphone: true, camera: false });
  expect(take(alert)).toEqual([]);
  await publish(privacy, { microphone: false, camera: true });
  expect(take(alert)).toMatchObject([{ earcon: 'ready', text: 'Camera off. Microphone on.' }]);
});

test('repeat that says what was heard last', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await publish(transcript, { turn: 1, role: 'model', text: 'A red door.', final: true, at: 0 });
  await publish(playback, { turn: 1, state: 'finished', position: 24_000, playedMs: 1_000, at: 0 });
  await publish(transcript, { turn: 2, role: 'model', text: 'Never heard.', final: true, at: 0 });
  await user('Repeat that.');
  expect(take(say)).toMatchObject([{ text: 'A red door.' }]);
});

test('where am I goes to Layer 3 alone, and its answer is spoken', async () => {
  const { start, user, publish, take } = await world();
  await start();
  await user('Where am I?');
  const [request] = take(layer3Request);
  expect(request).toMatchObject({ intent: 'where-am-i', text: 'Where am I?' });
  expect(take(interrupt)).toHaveLength(1);
  await publish(layer3Response, { id: request?.id ?? '', text: 'Main Street 4.', speak: true });
  expect(take(say)).toMatchObject([{ text: 'Main Street 4.' }]);
});

test('without an answer of Layer 3 the place is refused honestly', async () => {
  const { start, user, clock, settle, take } = await world();
  await start();
  await user('Where am I?');
  clock.advance(3_900);
  await settle();
  expect(take(say)).toEqual([]);
  clock.advance(200);
  await settle();
  expect(take(say)).toMatchObject([{ text: expect.stringContaining('do not know where we are') }]);
  expect(take(context)).toMatchObject([{ text: expect.stringContaining('never state or guess') }]);
});

test('with the thinker dead the apology comes from the speaker itself', async () => {
  const { start, user, publish, clock, settle, take } = await world();
  await start();
  const thinker = atTopic(status, { service: 'thinker' });
  await publish(thinker, { state: 'offline', pid: 1, version: '0', startedAt: 5 });
  await user('How many people are in front of me?');
  expect(take(layer1Request)).toHaveLength(1);
  clock.advance(1_600);
  await settle();
  expect(take(say)).toEqual([]);
  expect(take(alert)).toMatchObject([{ text: 'Sorry, I cannot tell right now.' }]);
});

test('the last will of a thinker that has a successor does not count the new one as dead', async () => {
  const { start, user, publish, clock, settle, take } = await world();
  await start();
  const thinker = atTopic(status, { service: 'thinker' });
  await publish(thinker, { state: 'online', pid: 2, version: '0', startedAt: 20 });
  await publish(thinker, { state: 'offline', pid: 1, version: '0', startedAt: 10 });
  await user('Take me home.');
  clock.advance(4_100);
  await settle();
  expect(take(say)).toHaveLength(1);
});

test('a warning silences the device and gives the danger signal', async () => {
  const { start, user, take } = await world();
  await start();
  await user('Watch out!');
  expect(take(interrupt)).toMatchObject([{ source: 'alert' }]);
  expect(take(alert)).toMatchObject([{ earcon: 'danger' }]);
  expect(take(decision)).toMatchObject([{ layer: 0 }]);
});

test('a call for help leaves the answer to the model, and offline says what the device cannot do', async () => {
  const { start, user, publish, take } = await world();
  await publish(fallback, { level: 'live', reason: 'started', since: 0 });
  await start();
  await user('Help me!');
  expect(take(interrupt)).toEqual([]);
  expect(take(alert)).toMatchObject([{ earcon: 'attention' }]);
  await publish(session, {
    state: 'failed',
    model: 'm',
    attempt: 1,
    error: { kind: 'auth', message: '', retryable: false },
    resumable: false,
    simulated: true,
    since: 0,
  });
  take(alert);
  await user('Help!');
  expect(take(alert)).toMatchObject([{ text: expect.stringContaining('cannot call anybody') }]);
});

test('a refused key means offline, announced once', async () => {
  const { start, publish, take } = await world();
  await start();
  take(fallback);
  const failed = {
    state: 'failed' as const,
    model: 'm',
    attempt: 1,
    error: { kind: 'auth', message: '', retryable: false },
    resumable: false,
    simulated: false,
    since: 0,
  };
  await publish(session, failed);
  await publish(session, failed);
  expect(take(fallback)).toMatchObject([{ level: 'offline' }]);
  expect(take(alert)).toMatchObject([
    {
      earcon: 'offline',
      text: 'I am offline: my access key is not accepted. Somebody has to put a valid key into my settings.',
    },
  ]);
});

test('Live is switched off and on at run time', async () => {
  const { start, publish, take } = await world();
  await start();
  take(fallback);
  await publish(runtimeSettings, { layer2Mode: 'legacy' });
  expect(take(fallback)).toMatchObject([{ level: 'http' }]);
  await publish(runtimeSettings, {});
  expect(take(fallback)).toMatchObject([{ level: 'live' }]);
});

test('of two routers in a reload one acts, and the level stays as it is', async () => {
  const { start, user, publish, take } = await world();
  const routerStatus = atTopic(status, { service: 'router' });
  await start(100);
  await publish(routerStatus, { state: 'online', pid: 100, version: '0', startedAt: 1 });
  await start(200);
  await user('Stop.');
  expect(take(interrupt)).toHaveLength(1);
  await publish(routerStatus, { state: 'online', pid: 200, version: '0', startedAt: 2 });
  await user('Stop.');
  expect(take(interrupt)).toHaveLength(1);
  expect(take(fallback)).toHaveLength(1);
});

test('bytes that are no message harm nothing', async () => {
  const hub = new MemoryHub();
  const { start, user, take, settle } = await world({}, hub);
  await start();
  const topics = ['thinker/transcript', 'thinker/turn', 'thinker/session', 'layer3/response', 'control/settings'];
  for (const topic of topics) expect(() => hub.inject(topic, Buffer.from('{"turn":'))).not.toThrow();
  await settle();
  await user('Stop.');
  expect(take(interrupt)).toHaveLength(1);
});

test('a router that is said to act, and is not there, keeps this one from acting for a second at most', async () => {
  const { start, publish, take, user, dead, clock, settle } = await world();
  const routerStatus = atTopic(status, { service: 'router' });
  await start(100);
  await publish(routerStatus, { state: 'online', pid: 100, version: '0', startedAt: 1 });
  await publish(routerStatus, { state: 'online', pid: 200, version: '0', startedAt: 2 });
  await user('Why is the sky blue?');
  expect(take(decision)).toEqual([]);
  dead.add(200);
  clock.advance(1_000);
  await settle();
  await user('Why is grass green?');
  expect(take(decision)).toHaveLength(1);
});

test('a level that somebody else has set is taken back within a second', async () => {
  const { start, publish, take, clock, settle } = await world();
  await start();
  await publish(fallback, { level: 'offline', reason: 'made up', since: 9 });
  clock.advance(1_000);
  await settle();
  clock.advance(1_000);
  await settle();
  expect(take(fallback).map(({ level }) => level)).toEqual(['live', 'offline', 'live']);
});
