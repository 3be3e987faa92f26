import { describe, expect, it } from 'vitest';
import {
  ACTIVITY_END,
  ACTIVITY_START,
  connectVirtually,
  liveClient,
  PICTURE,
  SETUP,
  sound,
  steadily,
  TOOL,
  type VirtualClient,
} from './virtual-client.ts';

describe('what the server closes on', () => {
  it.each<[string, (client: VirtualClient) => void, string]>([
    ['audio before the setup', (c) => c.send(sound(20)), '1007 Request contains an invalid argument.'],
    ['a second setup', (c) => [c.setUp(), c.advance(100), c.setUp()], '1007 Request contains an invalid argument.'],
    [
      'an unknown model',
      (c) => c.setUp({ model: 'models/gemini-2.0-flash-exp' }),
      '1008 models/gemini-2.0-flash-exp is not found for API version v1beta, or is not supported for bidiGenerateContent',
    ],
    [
      'an unknown setup field',
      (c) => c.setUp({ colour: 'blue' }),
      `1007 Invalid JSON payload received. Unknown name "colour" at 'setup': Cannot find field.`,
    ],
    [
      'enabled: true in a transcription',
      (c) => c.setUp({ inputAudioTranscription: { enabled: true } }),
      `1007 Invalid JSON payload received. Unknown name "enabled" at 'setup.input_audio_transcription'`,
    ],
    [
      'two response modalities',
      (c) => c.setUp({ generationConfig: { responseModalities: ['AUDIO', 'TEXT'] } }),
      '1007 Request contains an invalid argument.',
    ],
    [
      'a function with an impossible name',
      (c) => c.setUp({ tools: [{ functionDeclarations: [{ name: 'read sensor' }] }] }),
      '1007 Request contains an invalid argument.',
    ],
    [
      'a function whose parameters are no object',
      (c) => c.setUp({ tools: [{ functionDeclarations: [{ name: 'a', parameters: { type: 'STRING' } }] }] }),
      '1007 Request contains an invalid argument.',
    ],
    [
      'a tool that Live does not have',
      (c) => c.setUp({ tools: [{ codeExecution: {} }] }),
      '1008 Operation is not implemented, or supported, or enabled.',
    ],
    [
      'activityStart with automatic detection',
      (c) => [c.setUp({ realtimeInputConfig: {} }), c.advance(100), c.send(ACTIVITY_START)],
      '1007 Explicit activity control is not supported when automatic activity detection is enabled.',
    ],
    [
      'an empty activity',
      (c) => [c.setUp(), c.advance(100), c.send(ACTIVITY_START), c.send(ACTIVITY_END)],
      '1007 Precondition check failed.',
    ],
    [
      'an activity inside another',
      (c) => [c.setUp(), c.advance(100), c.send(ACTIVITY_START), c.send(sound(20)), c.send(ACTIVITY_START)],
      '1007 Precondition check failed.',
    ],
    [
      'the end of no activity',
      (c) => [c.setUp(), c.advance(100), c.send(ACTIVITY_END)],
      '1007 Precondition check failed.',
    ],
    [
      'an unknown handle',
      (c) => c.setUp({ sessionResumption: { handle: 'x' } }, { kind: 'unknown' }),
      '1008 BidiGenerateContent session not found',
    ],
    [
      'a handle of a session that is still open',
      (c) => c.setUp({ sessionResumption: { handle: 'x' } }, { kind: 'still-open' }),
      '1011 Internal error encountered.',
    ],
  ])('%s', (_what, act, ending) => {
    const client = connectVirtually();
    act(client);
    expect(client.ending).toContain(ending);
  });

  it('a context used up: 15 minutes of sound, 2 minutes with video, unless it is compressed', () => {
    const unlimited = { lifetime: 'unlimited' } as const;
    const tooLong = liveClient({}, unlimited);
    tooLong.advance(15 * 60_000);
    tooLong.send(sound(20));
    expect(tooLong.ending).toBe('1007 Request contains an invalid argument.');
    const withVideo = liveClient({}, unlimited);
    withVideo.send(PICTURE);
    withVideo.advance(2 * 60_000);
    withVideo.send(PICTURE);
    expect(withVideo.ending).toBe('1007 Request contains an invalid argument.');
    const compressed = liveClient({ contextWindowCompression: { slidingWindow: {} } }, unlimited);
    compressed.send(PICTURE);
    compressed.advance(24 * 60 * 60_000);
    compressed.ask();
    expect(compressed.ending).toBeUndefined();
  });
});

it('plans nothing any more once it has closed, whatever was still waiting to be read', () => {
  const close = { fault: 'close' as const, at: 'question-start' as const, cause: 'internal' as const };
  const client = connectVirtually(steadily({ turns: [{ faults: [close] }] }));
  client.setUp();
  for (let question = 0; question < 2; question += 1) {
    client.send(ACTIVITY_START);
    client.send(sound(20));
    client.send(ACTIVITY_END);
  }
  client.advance(1_000);
  expect(client.ending).toBe('1011 Internal error encountered.');
  expect(client.state.agenda).toEqual([]);
});

it('reads no further in a message that closed it', () => {
  const client = liveClient({ realtimeInputConfig: {} });
  client.send({ realtimeInput: { ...ACTIVITY_START.realtimeInput, text: 'hello', ...sound(20).realtimeInput } });
  expect(client.ending).toMatch(/^1007 Explicit activity control/);
  expect(client.state).toMatchObject({ turns: 0, recordedSamples: 0 });
});

describe('resumption', () => {
  it('offers a handle after the setup and after every turn, and none while generating', () => {
    const client = connectVirtually();
    client.setUp({ sessionResumption: {} });
    client.advance(100);
    expect(client.digest()).toBe('setupComplete handle');
    client.ask();
    client.advance(400);
    expect(client.digest()).toMatch(/no-handle/);
    client.advance(5_000);
    const update = client.received.at(-1)?.message.sessionResumptionUpdate;
    // The setup is message 0; then come activityStart, fifty chunks and activityEnd.
    expect(update).toEqual({ newHandle: 'session1-2', resumable: true, lastConsumedClientMessageIndex: '52' });
  });

  it('says nothing of handles to a client that did not ask', () => {
    const client = connectVirtually();
    client.setUp();
    client.ask();
    client.advance(5_000);
    expect(client.digest()).not.toContain('handle');
  });

  it('continues the conversation', () => {
    const first = liveClient();
    first.ask();
    first.advance(5_000);
    const second = connectVirtually();
    second.setUp({ sessionResumption: { handle: 'any' } }, { kind: 'found', context: first.state.context });
    second.ask();
    second.advance(5_000);
    expect(second.state.context.entries).toHaveLength(4);
  });
});

describe('the end of a connection', () => {
  it.each([
    ['ten-minutes', 540_000, 590_000, '1008 Connection aborted because the client failed to close'],
    ['fifty-eight-minutes', undefined, 3_480_000, '1011 Internal error encountered.'],
  ] as const)('%s', (lifetime, goAwayMs, endMs, ending) => {
    const client = liveClient({}, { lifetime });
    client.advance(endMs - 200);
    const announced = client.received.find(({ message }) => message.goAway);
    expect(announced).toEqual(goAwayMs && { atMs: goAwayMs + 100, message: { goAway: { timeLeft: '50s' } } });
    expect(client.ending).toBeUndefined();
    client.advance(200);
    expect(client.ending).toContain(ending);
  });
});

describe('a scenario that is loaded while the session is open', () => {
  it('holds from the next turn on, which is its first', () => {
    const client = liveClient();
    client.ask();
    client.advance(5_000);
    client.digest();
    client.command({
      kind: 'adopt',
      changes: {
        timing: client.state.profile.timing,
        faults: [],
        turnRules: [{ overallTurn: 1, faults: [{ fault: 'empty-turn-complete' }] }],
      },
    });
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toBe('start end turnComplete+usage');
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toMatch(/audio/);
  });
});

it('accepts the same in snake_case, as the Python SDK sends it', () => {
  const client = connectVirtually();
  client.send({
    setup: {
      model: 'models/gemini-3.8-live',
      generation_config: { response_modalities: ['AUDIO'], speech_config: {} },
      system_instruction: { parts: [{ text: 'Be brief.' }] },
      input_audio_transcription: {},
      realtime_input_config: { automatic_activity_detection: { disabled: true } },
      session_resumption: { handle: null },
      context_window_compression: { trigger_tokens: 25600, sliding_window: { target_tokens: 12800 } },
    },
  });
  client.advance(200);
  expect(client.digest()).toBe('setupComplete handle');
});

it('accepts everything the official setup holds', () => {
  const client = liveClient({
    ...SETUP,
    generationConfig: {
      responseModalities: ['AUDIO'],
      temperature: 0.7,
      maxOutputTokens: 1024,
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
    },
    systemInstruction: { parts: [{ text: 'Be brief.' }], role: 'user' },
    sessionResumption: {},
    contextWindowCompression: { triggerTokens: '25600', slidingWindow: { targetTokens: '12800' } },
    tools: [{ functionDeclarations: [TOOL] }],
  });
  expect(client.ending).toBeUndefined();
});
