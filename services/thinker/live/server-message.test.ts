import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readServerMessage } from './server-message.ts';

const types = (message: unknown) => readServerMessage(message).map(({ type }) => type);

describe('a server message', () => {
  it('says everything it bundles, marks that close a turn last', () => {
    const message = {
      serverContent: {
        turnComplete: true,
        generationComplete: true,
        outputTranscription: { text: 'hi' },
        inputTranscription: { text: 'you' },
        modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'AAAA' } }] },
      },
      usageMetadata: { totalTokenCount: 3 },
      sessionResumptionUpdate: { newHandle: 'h', resumable: true },
    };
    expect(types(message)).toEqual([
      'handleUpdated',
      'userText',
      'modelText',
      'audio',
      'usageReported',
      'generationCompleted',
      'turnCompleted',
    ]);
  });

  it.each([
    ['a stray empty content', { serverContent: {} }, []],
    ['a thought', { serverContent: { modelTurn: { parts: [{ text: 'hm', thought: true }] } } }, ['thought']],
    ['waiting', { serverContent: { waitingForInput: true } }, ['waitingForInput']],
    ['an activity', { voiceActivity: { voiceActivityType: 'ACTIVITY_START' } }, ['voiceActivity']],
    ['a tool call', { toolCall: { functionCalls: [{ id: '1', name: 'f', args: {} }] } }, ['toolsCalled']],
    ['a tool call without a name', { toolCall: { functionCalls: [{ id: '1' }] } }, []],
    ['a cancellation', { toolCallCancellation: { ids: ['1'] } }, ['toolsCancelled']],
    ['something new', { somethingNew: { x: 1 } }, []],
    ['fields of the wrong shape', { serverContent: 7, toolCall: [], usageMetadata: 'x', goAway: null }, []],
  ])('reads %s', (_name, message, expected) => {
    expect(types(message)).toEqual(expected);
  });

  it('keeps a handle only when it is resumable and there', () => {
    const update = (fields: object) => readServerMessage({ sessionResumptionUpdate: fields })[0];
    expect(update({ newHandle: 'h', resumable: true })).toEqual({ type: 'handleUpdated', handle: 'h' });
    expect(update({ newHandle: 'h', resumable: false })).toEqual({ type: 'handleUpdated' });
    expect(update({ newHandle: '', resumable: true })).toEqual({ type: 'handleUpdated' });
    expect(update({ newHandle: 'h' })).toEqual({ type: 'handleUpdated' });
  });

  it('reads the time a goAway leaves, and takes nonsense for none', () => {
    const left = (timeLeft: unknown) => readServerMessage({ goAway: { timeLeft } })[0];
    expect(left('50s')).toEqual({ type: 'goingAway', timeLeftMs: 50_000 });
    expect(left('1.5s')).toEqual({ type: 'goingAway', timeLeftMs: 1_500 });
    expect(left('soon')).toEqual({ type: 'goingAway', timeLeftMs: 0 });
  });

  it('decodes sound in either base64 alphabet, with half samples, at its rate', () => {
    const bytes = Buffer.from([0xfb, 0xff, 0xfe]);
    const message = (data: string) => ({
      serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=16000', data } }] } },
    });
    for (const alphabet of ['base64', 'base64url'] as const) {
      expect(readServerMessage(message(bytes.toString(alphabet)))).toEqual([
        { type: 'audio', bytes, sampleRateHz: 16_000 },
      ]);
    }
  });

  it('knows a turn that the server has completed but still works on', () => {
    const message = { serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } };
    expect(readServerMessage(message)).toEqual([{ type: 'turnCompleted', moreFollows: true }]);
  });

  it('adds up tokens by modality', () => {
    const usageMetadata = {
      promptTokenCount: 30,
      responseTokenCount: 12,
      totalTokenCount: 42,
      promptTokensDetails: [
        { modality: 'AUDIO', tokenCount: 20 },
        { modality: 'TEXT', tokenCount: 10 },
      ],
      responseTokensDetails: [{ modality: 'AUDIO', tokenCount: 12 }],
    };
    expect(readServerMessage({ usageMetadata })[0]).toMatchObject({
      usage: {
        prompt: 30,
        response: 12,
        total: 42,
        promptDetails: { audio: 20, text: 10 },
        responseDetails: { audio: 12 },
      },
    });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (one, other) => {
        readServerMessage(one);
        readServerMessage({ serverContent: one, usageMetadata: other, toolCall: { functionCalls: one } });
        readServerMessage({ serverContent: { modelTurn: { parts: [one, { inlineData: other }] } } });
      }),
    );
  });
});
