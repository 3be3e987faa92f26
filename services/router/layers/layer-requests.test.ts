import { expect, test } from 'vitest';
import type { Command } from '../commands.ts';
import {
  giveUpAll,
  type LayerEvent,
  type LayerRequests,
  NO_REQUESTS,
  nextDueMs,
  nextLayerRequests,
  openCount,
  SILENT_LAYER_LIMIT_MS,
  TIME_LIMIT_MS,
} from './layer-requests.ts';
import { isGuidesAlone } from './ownership.ts';

const never = () => false;
const always = () => true;

function ask(layer: 1 | 3, intent: string, state = NO_REQUESTS, atMs = 0) {
  return nextLayerRequests(state, {
    type: 'asked',
    layer,
    intent,
    turn: 7,
    text: '…',
    alone: isGuidesAlone(intent),
    atMs,
  });
}

function passed(state: LayerRequests, atMs: number, modelAnswers = never, overtaken = never) {
  return nextLayerRequests(state, { type: 'timePassed', atMs, modelAnswers, overtaken });
}

function answer(state: LayerRequests, id: string, change: Partial<LayerEvent & { type: 'answered' }> = {}) {
  const response = { id, text: 'Main Street 4.', speak: true };
  return nextLayerRequests(state, { type: 'answered', layer: 3, response, overtaken: never, atMs: 500, ...change });
}

function idOf({ state }: { state: LayerRequests }): string {
  return state.recent.at(-1)?.id ?? '';
}

function said(commands: readonly Command[]): string[] {
  return commands.flatMap((command) => (command.type === 'say' ? [command.text] : []));
}

test('where am I is asked of Layer 3 alone: the model must not make a place up', () => {
  const { commands, takeOver } = ask(3, 'where-am-i');
  expect(commands).toMatchObject([{ type: 'askLayer', layer: 3, request: { intent: 'where-am-i', turn: 7 } }]);
  expect(takeOver).toBe(7);
});

test('what Layer 1 is asked the model may answer too', () => {
  expect(ask(1, 'see').takeOver).toBeUndefined();
});

test('an answer that shall be spoken replaces the one of the model', () => {
  const first = ask(1, 'see');
  const reaction = answer(first.state, idOf(first), { layer: 1 });
  expect(said(reaction.commands)).toEqual(['Main Street 4.']);
  expect(reaction.takeOver).toBe(7);
  expect(openCount(reaction.state)).toBe(0);
});

test('an answer that shall not be spoken is told to the model', () => {
  const first = ask(3, 'find');
  const response = { id: idOf(first), text: 'on the table', speak: false };
  const reaction = answer(first.state, response.id, { response });
  expect(reaction.commands).toContainEqual({ type: 'tellThinker', source: 'layer3', text: 'on the table' });
  expect(said(reaction.commands)).toEqual([]);
});

test('no position in time: an honest refusal, and the model is told not to guess', () => {
  const { state } = ask(3, 'where-am-i');
  const limitMs = TIME_LIMIT_MS[3];
  expect(nextDueMs(state)).toBe(limitMs);
  expect(passed(state, limitMs - 1).commands).toEqual([]);
  const late = passed(state, limitMs, always);
  expect(said(late.commands)).toEqual([expect.stringContaining('do not know where we are')]);
  expect(late.commands).toContainEqual(
    expect.objectContaining({ type: 'tellThinker', text: expect.stringContaining('never state or guess') }),
  );
  expect(said(passed(late.state, limitMs + 1).commands)).toEqual([]);
});

test('the apology is left out where the model answers, and where the user has moved on', () => {
  const { state } = ask(1, 'see');
  expect(said(passed(state, 5_000, always).commands)).toEqual([]);
  expect(said(passed(state, 5_000, never, always).commands)).toEqual([]);
  expect(said(passed(state, 5_000, never, never).commands)).toHaveLength(1);
});

test('a layer that did not answer is waited for less the next time, until it answers', () => {
  const quiet = passed(ask(3, 'navigate').state, 4_000).state;
  const again = ask(3, 'navigate', quiet, 10_000);
  expect(nextDueMs(again.state)).toBe(10_000 + SILENT_LAYER_LIMIT_MS);
  const awake = answer(again.state, 'another', { atMs: 10_100 });
  expect(awake.state.silent).toEqual([]);
});

test('a late answer is still spoken unless the user has asked something else', () => {
  const late = passed(ask(3, 'navigate').state, 4_000);
  const id = idOf(late);
  expect(said(answer(late.state, id, { atMs: 9_000 }).commands)).toHaveLength(1);
  expect(said(answer(late.state, id, { atMs: 9_000, overtaken: always }).commands)).toEqual([]);
});

test('a late answer does not talk over the model that has taken the question on', () => {
  const left = passed(ask(1, 'see').state, 1_500, always);
  const late = answer(left.state, idOf(left), { layer: 1, atMs: 3_000 });
  expect(late.commands).toEqual([{ type: 'count', name: 'layerAnswersTooLate' }]);
  expect(late.takeOver).toBeUndefined();
});

test('an answer to what a former router asked is spoken', () => {
  expect(said(answer(NO_REQUESTS, 'layer3-6-x').commands)).toEqual(['Main Street 4.']);
});

test('an answer is spoken once, and not at all when it comes a minute later or after a stop', () => {
  const first = ask(3, 'navigate');
  const id = idOf(first);
  const once = answer(first.state, id);
  expect(said(once.commands)).toHaveLength(1);
  expect(said(answer(once.state, id).commands)).toEqual([]);
  expect(said(answer(passed(first.state, 60_000).state, id, { atMs: 61_000 }).commands)).toEqual([]);
  expect(said(answer(giveUpAll(first.state), id).commands)).toEqual([]);
});

test('requests nobody answers are forgotten', () => {
  let state = NO_REQUESTS;
  for (let turn = 0; turn < 50; turn += 1) state = ask(3, 'find', state, turn).state;
  expect(state.recent.length).toBeLessThanOrEqual(32);
  expect(openCount(passed(state, 60_000).state)).toBe(0);
});
