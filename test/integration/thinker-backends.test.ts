import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { levelOf } from '#shared/audio/level.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { systemClock } from '#shared/time/clock.ts';
import type { AnswerBackend, AnswerPart, Question } from '../../services/thinker/backends/answer-backend.ts';
import { type Backends, createBackends } from '../../services/thinker/backends/create-backends.ts';
import { SYSTEM_INSTRUCTION } from '../../services/thinker/live/instruction.ts';
import { createGeminiSimulator, type GeminiSimulator } from '../../simulator/gemini-simulator.ts';
import type { HttpErrorName, Scenario } from '../../simulator/scenario/scenario.ts';
import { describeWith } from './harness/requires.ts';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };

const never = new AbortController().signal;
const UTTERANCE: Question = { audio: new Int16Array(16_000).fill(300), history: [] };

let simulator: GeminiSimulator;
let stateDir = '';
let backends: Backends;
let meters: Meters;

beforeEach(async () => {
  simulator = await createGeminiSimulator();
  stateDir = mkdtempSync(join(tmpdir(), 'backends-'));
  meters = new Meters();
  const ai = new GoogleGenAI({ apiKey: 'key', httpOptions: { apiVersion: 'v1beta', baseUrl: simulator.url } });
  backends = createBackends({
    settings: loadSettings({ CORTEX_STATE_DIR: stateDir }),
    models: ai.models,
    instruction: SYSTEM_INSTRUCTION,
    offlineReason: () => 'the network is down',
    reasonTold: () => false,
    clock: systemClock(),
    log: createLog('test', 'silent'),
    meters,
  });
});
afterEach(async () => {
  backends.stop();
  await simulator.close();
  rmSync(stateDir, { recursive: true });
});

async function read(backend: AnswerBackend, question: Question, signal = never) {
  const parts: AnswerPart[] = [];
  let failure: unknown;
  try {
    for await (const part of backend.answer(question, signal)) parts.push(part);
  } catch (error) {
    failure = error;
  }
  const sounds = parts.flatMap((part) => (part.type === 'audio' ? [part.samples] : []));
  return {
    heard: parts.flatMap((part) => (part.type === 'userText' ? [part.text] : [])),
    text: parts.flatMap((part) => (part.type === 'modelText' ? [part.text] : [])).at(-1),
    seconds: sounds.reduce((sum, samples) => sum + samples.length, 0) / 24_000,
    loudest: Math.max(...sounds.map((samples) => levelOf(samples).rms)),
    failure,
  };
}

function load(...requests: NonNullable<Scenario['requests']>): void {
  simulator.load({ requests });
}

describe('the HTTP level against the simulator', () => {
  it('answers a spoken question aloud, and says what it heard', async () => {
    load({
      method: 'stream',
      text: 'HEARD: what is ahead\nThere is a door ahead. It is open, and behind it is a corridor.',
    });
    const answer = await read(backends.http, UTTERANCE);
    expect(answer).toMatchObject({
      heard: ['what is ahead'],
      text: 'There is a door ahead. It is open, and behind it is a corridor.',
      failure: undefined,
    });
    expect(answer.seconds).toBeGreaterThan(2);
    expect(answer.loudest).toBeGreaterThan(-40);
  });

  it('takes the whole output for the answer where the model does not say what it heard', async () => {
    load({ method: 'stream', text: 'He is here. The door is open.' });
    expect(await read(backends.http, UTTERANCE)).toMatchObject({
      heard: [],
      text: 'He is here. The door is open.',
      failure: undefined,
    });
  });

  it.each([
    ['bad-key', 'auth'],
    ['unauthenticated', 'auth'],
    ['forbidden', 'auth'],
    ['unknown-model', 'model'],
    ['quota-per-minute', 'quota'],
    ['quota-per-day', 'quota'],
    ['internal', 'transient'],
    ['unavailable', 'transient'],
    ['deadline', 'timeout'],
  ] as const satisfies [HttpErrorName, string][])('tells %s apart', async (error, kind) => {
    load({ error });
    expect((await read(backends.http, UTTERANCE)).failure).toMatchObject({ kind });
  });

  it('tells a connection that breaks before the answer or within it', async () => {
    load({ drop: 'before' });
    expect((await read(backends.http, UTTERANCE)).failure).toMatchObject({ kind: 'network' });
    load({ method: 'stream', drop: 'middle' });
    const answer = await read(backends.http, UTTERANCE);
    expect(answer.failure).toMatchObject({ kind: 'network' });
  });

  it('leaves nothing behind after a hundred answers that were cut off at all kinds of moments', async () => {
    load({ method: 'speech', lateByMs: 20 }, { method: 'stream', text: 'One. Two and some more words. Three.' });
    await read(backends.http, UTTERANCE);
    const resources = () => process.getActiveResourcesInfo().filter((name) => name !== 'TCPSocketWrap').length;
    const before = resources();
    for (let round = 0; round < 100; round += 1) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), round % 40);
      expect((await read(backends.http, UTTERANCE, controller.signal)).failure).toBeUndefined();
    }
    await expect.poll(resources, EVENTUALLY).toBeLessThanOrEqual(before);
    expect((await read(backends.http, UTTERANCE)).text).toBe('One. Two and some more words. Three.');
  });
});

describeWith(['espeak-ng'], "what needs neither Gemini's voice nor model files", () => {
  it.each([
    ['is refused', { error: 'quota-per-day' }],
    ['breaks off', { drop: 'middle' }],
  ] as const)('speaks with espeak-ng where the voice %s', async (_what, rule) => {
    load({ method: 'speech', ...rule }, { method: 'stream', text: 'HEARD: hello\nHello to you, too.' });
    const answer = await read(backends.http, UTTERANCE);
    expect(answer).toMatchObject({ text: 'Hello to you, too.', failure: undefined });
    expect(answer.loudest).toBeGreaterThan(-40);
    expect(meters.snapshot(0).counters['httpTtsFallbacks']).toBe(1);
  });

  it('says offline why it cannot answer', async () => {
    backends.prepareOffline();
    const answer = await read(backends.offline, UTTERANCE);
    expect(answer).toMatchObject({
      heard: [],
      text: 'I am offline because the network is down, and without the network I do not understand speech.',
      failure: undefined,
    });
    expect(answer.seconds).toBeGreaterThan(3);
    expect(answer.loudest).toBeGreaterThan(-40);
  });

  it('leaves a command to the router', async () => {
    const parts: string[] = [];
    for await (const part of backends.offline.answer({ text: 'volume up', history: [] }, never)) {
      parts.push(part.type);
      backends.decided({ text: 'volume up', layer: 1 });
    }
    expect(parts).toEqual(['userText']);
  });

  it('answers offline what a device knows by itself', async () => {
    expect((await read(backends.offline, { text: 'what time is it', history: [] })).text).toMatch(
      /^It is \d+:\d\d [AP]M\.$/,
    );
  });
});
