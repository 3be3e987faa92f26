import { describe, expect, it } from 'vitest';
import { codedSamples } from '#shared/audio/coded-signal.ts';
import type { Question } from '../live/session-state.ts';
import { NO_TOKENS } from '../live/usage.ts';
import { createAnswerer } from './answerer.ts';
import { requestedTool } from './tool-request.ts';
import { hum } from './voice.ts';

const QUESTION: Question = {
  turn: 1,
  heard: undefined,
  texts: [],
  toolResults: [],
  context: { entries: [], tokens: NO_TOKENS, startedAtMs: 0, sawVideo: false },
  tools: [],
  first: false,
  hears: undefined,
  reply: undefined,
  callTool: undefined,
};
const NOTHING = { samples: undefined, image: undefined };
const SECOND = { samples: new Int16Array(16_000).fill(3_277), image: undefined };
const deaf = createAnswerer({ voice: async (text) => hum(text), recognise: async () => undefined });
const hearing = createAnswerer({ voice: async (text) => hum(text), recognise: async () => 'what is this' });

describe('an answer', () => {
  it('says on the first turn that it is simulated', async () => {
    expect((await deaf({ ...QUESTION, first: true }, SECOND)).text).toMatch(/^Simulated answer: /);
    expect((await deaf(QUESTION, SECOND)).text).not.toMatch(/Simulated/);
  });

  it('describes the sound where nobody recognised words, and repeats them where somebody did', async () => {
    const described = await deaf(QUESTION, SECOND);
    expect(described).toMatchObject({
      heard: '1.0 seconds at -20 decibels',
      text: 'I heard 1.0 seconds at -20 decibels.',
    });
    const recognised = await hearing(QUESTION, SECOND);
    expect(recognised).toMatchObject({
      heard: 'what is this',
      text: expect.stringContaining('You said: what is this.'),
    });
  });

  it('takes the scenario’s word for what was said', async () => {
    expect((await hearing({ ...QUESTION, hears: 'take me home' }, SECOND)).heard).toBe('take me home');
  });

  it('transcribes speech alone; what came with it in writing is remembered, and not taken for the user’s words', async () => {
    const withRemark = { ...QUESTION, texts: ['[camera: no current picture]'] };
    const answer = await hearing(withRemark, SECOND);
    expect(answer).toMatchObject({ heard: 'what is this', asked: '[camera: no current picture] what is this' });
    expect(answer.text).not.toContain('camera');
    expect(await deaf({ ...QUESTION, texts: ['what time is it?'] }, NOTHING)).toMatchObject({
      heard: '',
      asked: 'what time is it?',
    });
  });

  it('says exactly what it is told to say exactly', async () => {
    const texts = ['Say exactly the following, word for word, and nothing else:\nTurn left.'];
    expect((await deaf({ ...QUESTION, first: true, texts }, NOTHING)).text).toBe('Turn left.');
  });

  it('tells what it remembers when asked', async () => {
    const context = {
      ...QUESTION.context,
      entries: [
        { role: 'user' as const, text: 'one' },
        { role: 'model' as const, text: 'two' },
        { role: 'user' as const, text: 'three' },
      ],
    };
    const asked = { ...QUESTION, context, texts: ['What do you remember?'] };
    expect((await deaf(asked, NOTHING)).text).toMatch(/^I remember 2 earlier questions\. The last was: three\./);
    expect((await deaf({ ...QUESTION, texts: asked.texts }, NOTHING)).text).toMatch(/^I remember nothing/);
  });

  it('says so when a picture cannot be read', async () => {
    const { text } = await deaf(QUESTION, { samples: undefined, image: Buffer.from('no picture') });
    expect(text).toMatch(/^I was sent a picture that I cannot read: /);
  });

  it('is the coded signal, a tone or the text the scenario asks for', async () => {
    const coded = await deaf({ ...QUESTION, reply: { kind: 'coded', seconds: 1, firstIndex: 7 } }, SECOND);
    expect(coded.samples).toEqual(codedSamples(7, 24_000));
    expect((await deaf({ ...QUESTION, reply: { kind: 'tone', seconds: 14 } }, SECOND)).samples).toHaveLength(
      14 * 24_000,
    );
    expect((await deaf({ ...QUESTION, reply: { kind: 'text', text: 'Yes.' } }, SECOND)).text).toBe('Yes.');
  });

  it('is always heard: even the answer to nothing has sound', async () => {
    const { text, samples } = await deaf(QUESTION, NOTHING);
    expect(text).toBe('I was asked nothing.');
    expect(samples.length).toBeGreaterThan(24_000 / 2);
  });
});

describe('a requested function', () => {
  const tool = (name: string, parameters: Record<string, unknown> = {}) => ({ name, parameters });

  it.each([
    ['please read the sensor', 'read_sensor'],
    ['READ my SENSOR', 'readSensor'],
    ['read this letter', undefined],
    ['the sensor', undefined],
  ])('in "%s" is %s', (asked, name) => {
    const tools = [tool('read_sensor'), tool('readSensor')].filter((one) => name === undefined || one.name === name);
    expect(requestedTool(asked, tools)?.name).toBe(name);
  });

  it('gets one made-up value for each argument it demands', () => {
    const parameters = {
      type: 'object',
      properties: {
        place: { type: 'string' },
        count: { type: 'integer' },
        loud: { type: 'boolean' },
        all: { type: 'array' },
        which: { type: 'string', enum: ['left', 'right'] },
        spare: { type: 'string' },
      },
      required: ['place', 'count', 'loud', 'all', 'which'],
    };
    expect(requestedTool('find it', [tool('find', parameters)])?.args).toEqual({
      place: 'find it',
      count: 1,
      loud: true,
      all: [],
      which: 'left',
    });
  });

  it.each([[{ properties: 5, required: 'x' }], [{ properties: { a: 'b' }, required: ['a'] }], [{}]])(
    'survives the schema %j',
    (parameters) => {
      expect(requestedTool('find', [tool('find', parameters)])).toMatchObject({ name: 'find' });
    },
  );
});
