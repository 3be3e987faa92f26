import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { READY_MADE } from '../scenario/ready-made.ts';
import type { ServerMessage } from './server-message.ts';
import {
  ACTIVITY_END,
  ACTIVITY_START,
  connectVirtually,
  PICTURE,
  sound,
  steadily,
  type VirtualClient,
} from './virtual-client.ts';

type Act = (client: VirtualClient) => void;

const anySound = fc.constantFrom(1, 8_000).map((amplitude): Act => {
  const message = sound(200, amplitude);
  return (client) => client.send(message);
});
const said = (message: unknown): fc.Arbitrary<Act> => fc.constant((client) => client.send(message));
const legalAct: fc.Arbitrary<Act> = fc.oneof(
  anySound,
  fc.integer({ min: 1, max: 4_000 }).map(
    (ms): Act =>
      (client) =>
        client.advance(ms),
  ),
  fc.constant<Act>((client) => client.ask()),
  said({ realtimeInput: { text: 'hello' } }),
  said(PICTURE),
  said({ clientContent: { turnComplete: false } }),
  said({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'a' }] }], turnComplete: true } }),
  said({ toolResponse: { functionResponses: [{ id: 'call-1-1', name: 'f', response: {} }] } }),
);
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  legalAct,
  said(ACTIVITY_START),
  said(ACTIVITY_END),
  said({ realtimeInput: { audioStreamEnd: true } }),
  said({ realtimeInput: { activityStart: {}, text: 'a', activityEnd: {} } }),
  said({ setup: {} }),
  said({ nonsense: 1 }),
);
const setup = fc.record({
  sessionResumption: fc.constantFrom(undefined, {}),
  realtimeInputConfig: fc.constantFrom({ automaticActivityDetection: { disabled: true } }, {}),
  model: fc.constantFrom('models/gemini-3.8-live', 'models/gemini-3.1-flash-live-preview'),
});

function count(client: VirtualClient, wanted: (message: ServerMessage) => unknown): number {
  return client.received.filter(({ message }) => wanted(message)).length;
}

describe('a session, whatever the client does', () => {
  it('ends every turn it begins with exactly one turnComplete, and says nothing after its close', () => {
    fc.assert(
      fc.property(setup, fc.array(legalAct, { maxLength: 25 }), (changes, acts) => {
        const client = connectVirtually(steadily({ lifetime: 'unlimited' }));
        client.setUp(changes);
        client.advance(200);
        for (const act of acts) if (!client.ending) act(client);
        client.advance(120_000);
        if (client.ending) return;
        expect(client.state.generation).toBeUndefined();
        expect(count(client, (message) => message.serverContent?.turnComplete)).toBe(client.state.turns);
        expect(count(client, (message) => message.usageMetadata)).toBe(client.state.turns);
        expect(count(client, (message) => message.setupComplete)).toBe(1);
      }),
    );
  });

  it('keeps its agenda in order, its messages in time and its mouth shut once closed, under every scenario', () => {
    const anyScenario = fc.constantFrom(...Object.keys(READY_MADE));
    fc.assert(
      fc.property(anyScenario, setup, fc.array(anyAct, { maxLength: 25 }), (name, changes, acts) => {
        const client = connectVirtually(steadily(READY_MADE[name] ?? {}));
        client.setUp(changes);
        for (const act of acts) {
          const before = client.received.length;
          const closedBefore = client.state.phase === 'closed';
          act(client);
          if (closedBefore) expect(client.received).toHaveLength(before);
          const due = client.state.agenda.map(({ atMs }) => atMs);
          expect(due).toEqual(due.toSorted((one, other) => one - other));
          if (client.state.phase === 'closed') {
            expect(due).toEqual([]);
            expect(client.state.generation).toBeUndefined();
          }
        }
        const times = client.received.map(({ atMs }) => atMs);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        expect(count(client, (message) => message.setupComplete)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('answers the same to the same, draw for draw', () => {
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 12 }), (acts) => {
        const [one, other] = [1, 2].map(() => {
          const client = connectVirtually();
          client.setUp();
          for (const act of acts) act(client);
          return client;
        });
        expect(one?.received).toEqual(other?.received);
      }),
    );
  });
});
