import { describe, expect, it } from 'vitest';
import { ACTIVITY_START, connectVirtually, liveClient, PICTURE, sound, TOOL } from './virtual-client.ts';

describe('a turn', () => {
  it('goes as recorded from newer models, which bundle', () => {
    const client = liveClient({ sessionResumption: {} });
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toBe(
      'start end no-handle heard thought audio+said generationComplete turnComplete+usage handle',
    );
  });

  it('goes as recorded from older models, one field a message', () => {
    const client = liveClient({ model: 'models/gemini-3.1-flash-live-preview' });
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toMatch(/^start end heard thought (said audio )+generationComplete turnComplete usage$/);
  });

  it('has its first audio after the drawn latency, its audio faster than real time, its end after the playback', () => {
    const client = liveClient();
    client.ask();
    const askedMs = client.received.findLast(({ message }) => message.voiceActivity)?.atMs ?? 0;
    client.advance(5_000);
    const times = (wanted: 'modelTurn' | 'generationComplete' | 'turnComplete') =>
      client.received
        .filter(({ message }) => message.serverContent?.[wanted])
        .map(({ atMs }) => Math.round(atMs - askedMs));
    const [, ...audio] = times('modelTurn');
    // Two seconds of sound at four times real time, in bursts of three messages of 200 ms.
    expect(audio).toEqual([300, 300, 300, 450, 450, 450, 600, 600, 600, 750]);
    expect(times('generationComplete')).toEqual([750]);
    expect(times('turnComplete')).toEqual([2_300]);
  });

  it('without transcription has none, and its audio all the same', () => {
    const client = liveClient({ inputAudioTranscription: undefined, outputAudioTranscription: undefined });
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toBe('start end thought audio generationComplete turnComplete+usage');
  });

  it('ignores sound outside an activity', () => {
    const client = liveClient();
    client.send(sound(1_000));
    client.advance(5_000);
    expect(client.digest()).toBe('');
    expect(client.state).toMatchObject({ ignoredSamples: 16_000, recordedSamples: 0 });
  });

  it('waits for setupComplete when the question came before it', () => {
    const client = connectVirtually();
    client.setUp();
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toMatch(/^setupComplete start end heard/);
  });

  it('may be asked in writing, either way', () => {
    const client = liveClient();
    client.send({ realtimeInput: { text: 'hello' } });
    client.advance(5_000);
    client.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'hello' }] }], turnComplete: true } });
    client.advance(5_000);
    const turn = 'heard thought audio+said generationComplete turnComplete+usage';
    expect(client.digest()).toBe(`${turn} ${turn}`);
  });

  it('is preceded by the history the client seeds, which asks nothing', () => {
    const client = liveClient();
    const turns = [
      { role: 'user', parts: [{ text: 'one' }] },
      { role: 'model', parts: [{ text: 'two' }] },
    ];
    client.send({ clientContent: { turns, turnComplete: false } });
    client.advance(5_000);
    expect(client.digest()).toBe('');
    expect(client.state.context.entries).toEqual([
      { role: 'user', text: 'one' },
      { role: 'model', text: 'two' },
    ]);
  });

  it('is found by the server itself where the client leaves it to it', () => {
    const client = liveClient({ realtimeInputConfig: { automaticActivityDetection: { silenceDurationMs: 300 } } });
    const speak = (ms: number, amplitude: number) => {
      for (let spokenMs = 0; spokenMs < ms; spokenMs += 20) {
        client.send(sound(20, amplitude));
        client.advance(20);
      }
    };
    speak(500, 5);
    speak(1_000, 8_000);
    expect(client.digest()).toBe('start');
    speak(400, 5);
    client.advance(5_000);
    expect(client.digest()).toBe('end heard thought audio+said generationComplete turnComplete+usage');
    const [activity] = client.state.activities;
    // 300 ms before the detector's 100 ms, and the silence that ended it.
    expect(((activity?.toSample ?? 0) - (activity?.fromSample ?? 0)) / 16).toBe(300 + 900 + 300);
  });
});

describe('an interruption', () => {
  it('ends the turn without generationComplete, after a moment in which stale audio still comes', () => {
    const client = liveClient({ sessionResumption: {} });
    client.ask();
    client.advance(420);
    client.digest();
    client.send(ACTIVITY_START);
    client.advance(5_000);
    expect(client.digest()).toBe('start audio+said interrupted turnComplete+usage handle');
  });

  it('keeps only what was sent in the conversation', () => {
    const client = liveClient();
    client.ask();
    client.advance(310);
    client.send(ACTIVITY_START);
    client.advance(1_000);
    expect(client.state.context.entries).toEqual([
      { role: 'user', text: 'what is in front of me' },
      { role: 'model', text: 'word0 word1 word2 word3 word4 word5 word6 word7 word8' },
    ]);
  });

  it('may come between generationComplete and turnComplete', () => {
    const client = liveClient();
    client.ask();
    client.advance(1_000);
    expect(client.digest()).toMatch(/generationComplete$/);
    client.send(ACTIVITY_START);
    client.advance(100);
    expect(client.digest()).toBe('start interrupted turnComplete+usage');
  });

  it('before the first audio loses the answer and not the question', () => {
    const client = liveClient();
    client.ask();
    client.send(ACTIVITY_START);
    client.advance(5_000);
    const digest = client.digest();
    expect(digest).toMatch(/interrupted turnComplete\+usage$/);
    expect(digest).not.toContain('audio');
    expect(client.state.context.entries).toEqual([{ role: 'user', text: 'what is in front of me' }]);
  });

  it('comes for content that asks nothing, as under automatic detection', () => {
    const client = liveClient();
    client.ask();
    client.advance(400);
    client.digest();
    client.send({ clientContent: { turnComplete: false } });
    client.advance(5_000);
    expect(client.digest()).toMatch(/^(audio\+said )?interrupted turnComplete\+usage$/);
  });

  it('is not needed when nothing is being said', () => {
    const client = liveClient();
    client.ask();
    client.advance(5_000);
    client.digest();
    client.send(ACTIVITY_START);
    client.advance(1_000);
    expect(client.digest()).toBe('start');
  });
});

describe('a function call', () => {
  const asking = { tools: [{ functionDeclarations: [TOOL] }] };
  const calling = { turns: [{ overallTurn: 1, callTool: { name: 'read_sensor', args: { unit: 'C' } } }] };
  const respond = (id: string) => ({
    toolResponse: { functionResponses: [{ id, name: 'read_sensor', response: { celsius: 21 } }] },
  });

  function called() {
    const client = liveClient(asking, calling);
    client.ask();
    client.advance(1_000);
    const id = client.received.at(-1)?.message.toolCall?.functionCalls[0]?.id ?? '';
    return { client, id };
  }

  it('comes in place of the answer, which follows the result', () => {
    const { client, id } = called();
    expect(client.digest()).toBe('start end toolCall');
    client.send(respond(id));
    client.advance(5_000);
    expect(client.digest()).toBe('thought audio+said generationComplete turnComplete+usage');
  });

  it('is cancelled by an interruption, and its late result ignored', () => {
    const { client, id } = called();
    client.digest();
    client.send(ACTIVITY_START);
    client.advance(100);
    expect(client.digest()).toBe('start interrupted toolCallCancellation turnComplete+usage');
    client.send(respond(id));
    client.advance(5_000);
    expect(client.digest()).toBe('');
    expect(client.state.lateToolResponses).toBe(1);
  });

  it('is answered once: the second result is ignored', () => {
    const { client, id } = called();
    client.send(respond(id));
    client.send(respond(id));
    client.advance(5_000);
    expect(client.state.lateToolResponses).toBe(1);
    expect(client.digest()).toMatch(/turnComplete\+usage$/);
  });

  it('leads to 1008 where the deployment refuses audio meanwhile', () => {
    const scenario = { ...calling, connections: [{ faults: [{ fault: 'refuse-audio-during-tool-call' as const }] }] };
    const client = liveClient(asking, scenario);
    client.ask();
    client.advance(1_000);
    client.send(ACTIVITY_START);
    client.send(sound(20));
    expect(client.ending).toBe('1008 Operation is not implemented, or supported, or enabled.');
  });
});

describe('usage', () => {
  it('counts all of the reply where its last piece comes with the completion', () => {
    const client = liveClient({}, { turns: [{ faults: [{ fault: 'all-in-one' }] }] });
    client.ask();
    client.advance(5_000);
    expect(client.received.at(-1)?.message.usageMetadata?.responseTokenCount).toBe(50);
  });

  it('bills the whole context again every turn, by modality', () => {
    const client = liveClient({ systemInstruction: { parts: [{ text: 'x'.repeat(40) }] } });
    client.send(PICTURE);
    client.ask();
    client.advance(5_000);
    client.ask();
    client.advance(5_000);
    const usages = client.received.flatMap(({ message }) => message.usageMetadata ?? []);
    // 10 of instruction, 258 of picture, 25 a second of sound: 1 s asked, 2 s answered.
    expect(usages.map(({ promptTokenCount, responseTokenCount }) => [promptTokenCount, responseTokenCount])).toEqual([
      [10 + 258 + 25, 50],
      [10 + 258 + 25 + 50 + 25, 50],
    ]);
    for (const usage of usages) {
      const sum = usage.promptTokensDetails.reduce((tokens, detail) => tokens + detail.tokenCount, 0);
      expect(sum).toBe(usage.promptTokenCount);
    }
  });

  it('grows with the session where the model counts that way', () => {
    const client = liveClient({}, { connections: [{ faults: [{ fault: 'cumulative-usage' }] }] });
    client.ask();
    client.advance(5_000);
    client.ask();
    client.advance(5_000);
    const usages = client.received.flatMap(({ message }) => message.usageMetadata ?? []);
    expect(usages.map((usage) => usage.responseTokenCount)).toEqual([50, 100]);
  });

  it('stays in the window where the context is compressed', () => {
    const client = liveClient({
      contextWindowCompression: { triggerTokens: '200', slidingWindow: { targetTokens: '100' } },
    });
    for (let turn = 0; turn < 20; turn += 1) {
      client.ask();
      client.advance(5_000);
    }
    const prompts = client.received.flatMap(({ message }) => message.usageMetadata?.promptTokenCount ?? []);
    expect(Math.max(...prompts)).toBeLessThanOrEqual(225);
    expect(client.state.context.entries.length).toBeLessThan(10);
  });
});
