import { describe, expect, it } from 'vitest';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { ToolResponse } from '../live/live-connection.ts';
import { Toolbox, type ToolboxOptions } from './toolbox.ts';

const CLOCK = { name: 'clock', description: 'Tells the time.' };

function bench() {
  const clock = manualClock();
  const calls: unknown[] = [];
  const told: unknown[] = [];
  const responses: ToolResponse[] = [];
  let changes = 0;
  const options: ToolboxOptions = {
    clock,
    meters: new Meters(),
    call: (name, call) => calls.push({ name, ...call }),
    tell: (name, status) => told.push({ name, ...status }),
    respond: (results) => responses.push(...results),
    changed: () => {
      changes += 1;
    },
  };
  const toolbox = new Toolbox(options);
  return { options, clock, calls, told, responses, toolbox, changes: () => changes };
}

function called() {
  const world = bench();
  world.toolbox.declare('clock', CLOCK);
  world.toolbox.called([{ id: 'c1', name: 'clock', args: { zone: 'UTC' } }]);
  world.told.length = 0;
  return world;
}

describe('the toolbox', () => {
  it('waits for the tool that is there, though another one of the same message is not', () => {
    const { toolbox, responses, options } = bench();
    let waiting = false;
    options.respond = (results) => {
      responses.push(...results);
      ({ waiting } = toolbox);
    };
    toolbox.declare('clock', CLOCK);
    toolbox.called([
      { id: 'c1', name: 'gone', args: {} },
      { id: 'c2', name: 'clock', args: {} },
    ]);
    expect(responses).toMatchObject([{ id: 'c1' }]);
    expect(waiting).toBe(true);
  });

  it('offers what is declared, says so, and takes it back', () => {
    const { toolbox, told, changes } = bench();
    toolbox.declare('clock', CLOCK);
    expect(toolbox.declarations).toEqual([CLOCK]);
    expect(told).toEqual([{ name: 'clock', state: 'offered' }]);
    toolbox.declare('clock', CLOCK);
    toolbox.declare('clock', null);
    expect(toolbox.declarations).toEqual([]);
    expect(changes()).toBe(2);
  });

  it.each([
    ['no JSON', undefined],
    ['a number', 7],
    ['a name Gemini would refuse', { name: 'my tool', description: 'x' }],
    ['another name than the topic', { name: 'other', description: 'x' }],
    ['no description', { name: 'clock', description: ' ' }],
    ['parameters that are no object', { ...CLOCK, parameters: { type: 'string' } }],
    ['a type nobody knows', { ...CLOCK, parameters: { type: 'object', properties: { a: { type: 'banana' } } } }],
    ['properties that are a list', { ...CLOCK, parameters: { type: 'object', properties: [] } }],
    ['required that is no list', { ...CLOCK, parameters: { type: 'object', required: 'a' } }],
    ['an endless text', { ...CLOCK, description: 'x'.repeat(9_000) }],
  ])('refuses a declaration with %s, and says why', (_what, payload) => {
    const { toolbox, told } = bench();
    toolbox.declare('clock', payload);
    expect(toolbox.declarations).toEqual([]);
    expect(told).toEqual([{ name: 'clock', state: 'refused', problem: expect.stringMatching(/.{5}/) }]);
  });

  it('hands a call to its layer and the result to the model', () => {
    const { toolbox, calls, responses } = called();
    expect(calls).toEqual([{ name: 'clock', id: 'c1', args: { zone: 'UTC' } }]);
    toolbox.answered('clock', { id: 'c1', result: { time: '12:00' } });
    expect(responses).toEqual([{ id: 'c1', name: 'clock', response: { result: { time: '12:00' } } }]);
  });

  it('hands on an error of the layer', () => {
    const { toolbox, responses } = called();
    toolbox.answered('clock', { id: 'c1', error: 'stopped' });
    expect(responses[0]?.response).toEqual({ error: 'stopped' });
  });

  it('does not wait for a layer that never answers, and tells both sides', () => {
    const { clock, responses, told } = called();
    clock.advance(4_000);
    expect(responses[0]?.response).toEqual({ error: 'the tool did not answer in time' });
    expect(told).toMatchObject([{ state: 'rejected', call: 'c1' }]);
  });

  it.each([
    ['the answer twice', { id: 'c1', result: 1 }],
    ['an answer to no call', { id: 'c9', result: 1 }],
    ['rubbish', { nonsense: true }],
    ['no JSON', undefined],
  ])('takes %s without harm and says why it is not used', (_what, second) => {
    const { toolbox, responses, told } = called();
    toolbox.answered('clock', { id: 'c1', result: 1 });
    toolbox.answered('clock', second);
    expect(responses).toHaveLength(1);
    expect(told).toMatchObject([{ state: 'rejected', problem: expect.stringMatching(/.{10}/) }]);
  });

  it('does not take the answer of one tool for another', () => {
    const { toolbox, responses } = called();
    toolbox.answered('compass', { id: 'c1', result: 1 });
    expect(responses).toEqual([]);
  });

  it('does not let a result flood the conversation', () => {
    const { toolbox, responses } = called();
    toolbox.answered('clock', { id: 'c1', result: 'x'.repeat(20_000) });
    expect(responses[0]?.response).toEqual({ error: 'the result was too long' });
  });

  it('answers the model at once when the tool has gone', () => {
    const { toolbox, responses } = bench();
    toolbox.called([{ id: 'c1', name: 'clock', args: {} }]);
    expect(responses).toHaveLength(1);
  });

  it('cancels what the model takes back, and tells the layer', () => {
    const { toolbox, told, responses, clock } = called();
    toolbox.cancel(['c1', 'c2']);
    clock.advance(10_000);
    expect(told).toEqual([{ name: 'clock', state: 'cancelled', call: 'c1' }]);
    expect(responses).toEqual([]);
  });

  it('releases the model from waiting when the user interrupts', () => {
    const { toolbox, responses } = called();
    toolbox.abandon();
    expect(responses).toEqual([{ id: 'c1', name: 'clock', response: { error: 'interrupted' } }]);
    expect(toolbox.waiting).toBe(false);
  });
});
