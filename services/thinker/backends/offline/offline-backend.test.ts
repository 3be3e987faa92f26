import { expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { AnswerPart, Question } from '../answer-backend.ts';
import type { Voice } from '../voice.ts';
import { createOfflineBackend, type OfflineBackendOptions } from './offline-backend.ts';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };

const settled = () => new Promise((resolve) => setImmediate(resolve));
const UTTERANCE: Question = { audio: new Int16Array(160), history: [{ role: 'model', text: 'A door.' }] };
const VOICE: Voice = { name: 'voice', speak: async (text) => Int16Array.of(text.length) };

function backend(changes: Partial<OfflineBackendOptions> = {}) {
  const clock = manualClock(Date.UTC(2026, 10, 22, 14, 5));
  const meters = new Meters();
  const made = createOfflineBackend({
    engine: { has: async () => true, recognise: async () => 'repeat that' },
    voice: VOICE,
    readBattery: async () => ({ percent: 50, charging: false }),
    reason: () => 'the network is down',
    told: () => false,
    claimed: async () => false,
    clock,
    log: createLog('test', 'silent'),
    meters,
    timeZone: 'UTC',
    ...changes,
  });
  return { made, clock, counters: () => meters.snapshot(0).counters };
}

async function read(parts: AsyncIterable<AnswerPart>): Promise<AnswerPart[]> {
  const all: AnswerPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

const never = new AbortController().signal;
const said = (text: string): AnswerPart[] => [
  { type: 'modelText', text },
  { type: 'audio', samples: Int16Array.of(text.length) },
];

it('hears, answers and speaks without a network', async () => {
  expect(await read(backend().made.answer(UTTERANCE, never))).toEqual([
    { type: 'userText', text: 'repeat that', final: true },
    ...said('A door.'),
  ]);
});

it('answers a question in text, with the battery and the clock of the device', async () => {
  const { made } = backend();
  expect(await read(made.answer({ text: 'what time is it', history: [] }, never))).toContainEqual({
    type: 'modelText',
    text: 'It is 2:05 PM.',
  });
  expect(await read(made.answer({ text: 'battery', history: [] }, never))).toContainEqual({
    type: 'modelText',
    text: 'The battery is at 50 percent.',
  });
});

it('stays silent where somebody else acts on the sentence', async () => {
  const claims: string[] = [];
  const { made } = backend({
    claimed: async (text) => {
      claims.push(text);
      return true;
    },
  });
  expect((await read(made.answer(UTTERANCE, never))).map(({ type }) => type)).toEqual(['userText']);
  expect(claims).toEqual(['repeat that']);
});

it.each([
  ['there is no recogniser', { has: async () => false, recognise: () => Promise.reject(new Error('unexpected')) }, {}],
  [
    'the recogniser fails',
    { has: async () => true, recognise: () => Promise.reject(new Error('damaged')) },
    { offlineRecognitionFailures: 1 },
  ],
])('says why it cannot answer where %s', async (_what, engine, counted) => {
  const { made, counters } = backend({ engine });
  expect(await read(made.answer(UTTERANCE, never))).toMatchObject([
    { type: 'modelText', text: expect.stringContaining('I am offline because the network is down') },
    { type: 'audio' },
  ]);
  expect(counters()).toMatchObject(counted);
});

it('asks for the words again, so to speak, where nothing was understood', async () => {
  const { made } = backend({ engine: { has: async () => true, recognise: async () => '' } });
  expect((await read(made.answer(UTTERANCE, never)))[0]).toEqual({
    type: 'modelText',
    text: 'I did not understand that. I am offline because the network is down.',
  });
});

it('does not wait for ever to understand', async () => {
  let attempt: AbortSignal | undefined;
  const { made, clock } = backend({
    engine: {
      has: async () => true,
      recognise: (_samples, signal) => {
        attempt = signal;
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    },
  });
  const answer = read(made.answer(UTTERANCE, never));
  await expect.poll(() => attempt, EVENTUALLY).toBeDefined();
  clock.advance(8_000);
  expect((await answer).map(({ type }) => type)).toEqual(['modelText', 'audio']);
});

it('says exactly what it is told to', async () => {
  expect(await read(backend().made.answer({ sayExactly: 'Bus 5.', history: [] }, never))).toEqual(said('Bus 5.'));
});

it('gives the text and then the reason where no voice can speak', async () => {
  const mute: Voice = { name: 'mute', speak: () => Promise.reject(new Error('espeak-ng is not installed')) };
  const parts: AnswerPart[] = [];
  const reading = (async () => {
    for await (const part of backend({ voice: mute }).made.answer({ text: 'hello', history: [] }, never))
      parts.push(part);
  })();
  await expect(reading).rejects.toMatchObject({ kind: 'model', message: expect.stringContaining('espeak-ng') });
  expect(parts.map(({ type }) => type)).toEqual(['userText', 'modelText']);
});

const forever = () => new Promise<never>(() => {});

it.each([
  ['looking for the models', { engine: { has: forever, recognise: forever } }],
  ['understanding', { engine: { has: async () => true, recognise: forever } }],
  ['somebody to claim the sentence', { claimed: forever }],
  ['the battery', { readBattery: forever }],
  ['the voice', { voice: { name: 'slow', speak: forever } }],
])('ends at once on an abort while it waits for %s', async (_what, hanging) => {
  const controller = new AbortController();
  const answer = read(backend(hanging).made.answer(UTTERANCE, controller.signal));
  await settled();
  controller.abort();
  expect((await answer).filter(({ type }) => type === 'audio')).toEqual([]);
});
