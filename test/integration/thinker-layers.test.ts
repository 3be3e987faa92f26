import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { atTopic } from '#shared/contract/channel.ts';
import { fallback } from '#shared/contract/control.ts';
import { ask, context as contextRemark, say } from '#shared/contract/thinker.ts';
import { type ToolStatus, toolCall, toolDeclare, toolResult, toolStatus } from '#shared/contract/tools.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const COMPASS = {
  name: 'compass',
  description: 'Where the wearer faces.',
  parameters: { type: 'object', properties: {} },
};
const CALLS_COMPASS = { overallTurn: 1, callTool: { name: 'compass', args: { precise: true } } } as const;
const at = { name: 'compass' };

async function benchWithCompass(turn: object = CALLS_COMPASS): Promise<ThinkerBench> {
  const world = await thinkerBench({ scenario: { turns: [turn] } });
  bench = world;
  await world.until(world.sessions, ({ state, resumable }) => state === 'connected' && resumable);
  world.bus.publish(atTopic(toolDeclare, at), COMPASS);
  await world.until(
    [world.simulator],
    () => world.simulator.state().sessions.at(-1)?.tools.includes('compass') ?? false,
  );
  await world.until(world.sessions, ({ state }) => state === 'connected');
  return world;
}

describe('a tool another layer offers', () => {
  it('is offered by reconnecting at a quiet moment, called, and its result spoken of', async () => {
    const { bus, until, turns, speak, simulator } = await benchWithCompass();
    const calls: unknown[] = [];
    await bus.subscribe(toolCall, ({ payload, levels }) => {
      calls.push(payload.args);
      bus.publish(atTopic(toolResult, { name: levels['name'] ?? '' }), { id: payload.id, result: 'north' });
    });
    await speak(0.4);
    await until(turns, ({ state }) => state === 'done');
    expect(calls).toEqual([{ precise: true }]);
    expect(JSON.stringify(simulator.state().sessions.at(-1)?.remembers)).toContain('north');
    expect(simulator.state().sessions.at(-1)?.resumed).toBe(true);
  });

  it('that never answers costs the answer four seconds and nothing else', async () => {
    const { bus, until, turns, speak } = await benchWithCompass();
    const told: ToolStatus[] = [];
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    await speak(0.4);
    const done = await until(turns, ({ state }) => state === 'done', 30_000);
    expect(done.backend).toBe('live');
    expect(told.at(-1)).toMatchObject({ state: 'rejected' });
  });

  it('that answers rubbish, then well, then again does no harm and is told why', async () => {
    const { bus, hub, until, turns, speak, simulator } = await benchWithCompass();
    const told: ToolStatus[] = [];
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    await bus.subscribe(toolCall, ({ payload: { id } }) => {
      hub.inject('tools/compass/result', Buffer.from('{"id":'), false);
      hub.inject('tools/compass/result', Buffer.from(JSON.stringify({ id: `${id}-other`, result: 1 })), false);
      bus.publish(atTopic(toolResult, at), { id, result: 'north' });
      bus.publish(atTopic(toolResult, at), { id, result: 'south' });
    });
    const utterance = await speak(0.4);
    await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    await until([0], () => told.filter(({ state }) => state === 'rejected').length === 3);
    for (const { problem } of told) expect(problem).toMatch(/.{10}/);
    const remembered = JSON.stringify(simulator.state().sessions.at(-1)?.remembers);
    expect(remembered).toContain('north');
    expect(remembered).not.toContain('south');
    expect(simulator.state().sessions.at(-1)).toMatchObject({ lateToolResponses: 0 });
  });

  it('is released when the user interrupts', async () => {
    const { bus, until, turns, speak, simulator } = await benchWithCompass();
    const told: ToolStatus[] = [];
    let called = false;
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    await bus.subscribe(toolCall, () => {
      called = true;
    });
    await speak(0.4);
    await until([0], () => called);
    const second = await speak(0.4);
    bench?.bargeIn(second);
    await until(turns, ({ state, utterance }) => state === 'done' && utterance === second);
    expect(told.some(({ state }) => state === 'cancelled')).toBe(true);
    expect(simulator.state().openSockets).toBe(1);
  });

  it('declared with a schema Gemini would refuse is refused in words, and the session goes on with the others', async () => {
    const { bus, until, simulator, turns, speak } = await benchWithCompass({ overallTurn: 9 });
    const told: ToolStatus[] = [];
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    const parameters = { type: 'object', properties: { where: { type: 'banana' } } };
    bus.publish(atTopic(toolDeclare, { name: 'map' }), { name: 'map', description: 'A map.', parameters });
    const refused = await until(told, ({ state }) => state === 'refused');
    expect(refused.problem).toContain('parameters.where');
    const utterance = await speak(0.4);
    const done = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    expect(done.backend).toBe('live');
    expect(simulator.state().sessions.at(-1)?.tools).toEqual(['compass']);
  });

  it('declared as rubbish is refused in words', async () => {
    bench = await thinkerBench();
    const { hub, bus, until } = bench;
    const told: ToolStatus[] = [];
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    hub.inject('tools/compass/declare', Buffer.from('{"name":'), true);
    await until(told, ({ state, problem }) => state === 'refused' && problem !== undefined);
  });
});

describe('the other levels of service', () => {
  it('answer a spoken question and a text, and speak what they are told to', async () => {
    bench = await thinkerBench();
    const { bus, until, turns, speak, frames, clockNow } = bench;
    bus.publish(fallback, { level: 'http', reason: 'test', since: clockNow() });
    const utterance = await speak(0.4);
    const spoken = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done', 10_000);
    expect(spoken.backend).toBe('http');
    bus.publish(ask, { id: 'a', text: 'what time is it?' });
    bus.publish(say, { id: 's', text: 'Turn left.' });
    await until(
      [0],
      () => turns.filter(({ state, backend }) => state === 'done' && backend === 'http').length === 3,
      10_000,
    );
    expect(frames.filter(({ last }) => last)).toHaveLength(3);
  });

  it('are told what other layers have remarked, once, with the question', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => {
        body += bytes;
      });
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(400).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    bench = await thinkerBench({
      environment: { ENABLE_LIVE_API: 'false' },
      route: async () => `http://127.0.0.1:${port}`,
    });
    const { bus, until, turns } = bench;
    const over = ({ state }: { state: string }) => ['done', 'failed'].includes(state);
    try {
      bus.publish(contextRemark, { source: 'gps', text: 'Baker Street 221' });
      bus.publish(ask, { id: 'a', text: 'where am I?' });
      const first = await until(turns, over);
      bus.publish(ask, { id: 'b', text: 'and now?' });
      await until(turns, (turn) => over(turn) && turn.turn !== first.turn);
      expect(bodies.find((body) => body.includes('where am I?'))).toContain('[gps] Baker Street 221');
      expect(bodies.find((body) => body.includes('and now?'))).not.toContain('[gps] Baker Street 221');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('take over the turn at hand when Live is silent', async () => {
    bench = await thinkerBench({ scenario: { timing: QUICK, turns: [{ faults: [{ fault: 'silent' }] }] } });
    const { until, turns, sessions, speak } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    await speak(0.4);
    const speaking = await until(turns, ({ state }) => state === 'speaking', 30_000);
    expect(speaking.backend).toBe('http');
  });
});
