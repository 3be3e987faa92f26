import { GoogleGenAI, type LiveServerMessage, Modality, type Session, Type } from '@google/genai';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCodedSignal } from '#shared/audio/coded-signal.ts';
import { hum } from './answer/voice.ts';
import { createGeminiSimulator, type GeminiSimulator } from './gemini-simulator.ts';

/** The real server's shapes without its waits. */
const AT_ONCE = {
  setup: { medianMs: 0, p95Ms: 0 },
  firstAudio: { medianMs: 0, p95Ms: 0 },
  speed: 10_000,
  playbackShare: 0,
};
const SECOND_OF_SOUND = Buffer.alloc(32_000, 1).toString('base64');

let simulator: GeminiSimulator;
let ai: GoogleGenAI;
let session: Session | undefined;

beforeEach(async () => {
  simulator = await createGeminiSimulator({
    scenario: { timing: AT_ONCE },
    voice: async (text) => hum(text),
    recognise: async () => undefined,
  });
  ai = new GoogleGenAI({
    apiKey: 'any-key',
    apiVersion: 'v1beta',
    httpOptions: { baseUrl: simulator.url, apiVersion: 'v1beta' },
  });
});

afterEach(async () => {
  session?.close();
  session = undefined;
  await simulator.close();
});

/** What the server said, and a wait for the message that a test is about. */
function listener() {
  const messages: LiveServerMessage[] = [];
  let wake: () => void = () => undefined;
  return {
    messages,
    onmessage(message: LiveServerMessage) {
      messages.push(message);
      wake();
    },
    async until(wanted: (message: LiveServerMessage) => unknown): Promise<LiveServerMessage> {
      for (;;) {
        const found = messages.find(wanted);
        if (found) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function connect(heard: ReturnType<typeof listener>, config: object = {}): Promise<Session> {
  session = await ai.live.connect({
    model: 'gemini-3.8-live',
    config: {
      responseModalities: [Modality.AUDIO],
      inputAudioTranscription: {},
      outputAudioTranscription: {},
      sessionResumption: {},
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
      contextWindowCompression: { triggerTokens: '25600', slidingWindow: { targetTokens: '12800' } },
      ...config,
    },
    callbacks: { onmessage: heard.onmessage },
  });
  return session;
}

function ask(session: Session): void {
  session.sendRealtimeInput({ activityStart: {} });
  session.sendRealtimeInput({ audio: { data: SECOND_OF_SOUND, mimeType: 'audio/pcm;rate=16000' } });
  session.sendRealtimeInput({ activityEnd: {} });
}

describe('the simulator, spoken to by the official SDK', () => {
  it('answers a spoken question with speech that says what it heard and saw', async () => {
    const heard = listener();
    const live = await connect(heard);
    const blue = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#1030e0' } })
      .jpeg()
      .toBuffer();
    live.sendRealtimeInput({ video: { data: blue.toString('base64'), mimeType: 'image/jpeg' } });
    ask(live);
    const end = await heard.until((message) => message.serverContent?.turnComplete);
    expect(end.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
    const text = heard.messages.map((message) => message.serverContent?.outputTranscription?.text ?? '').join('');
    expect(text).toMatch(/^Simulated answer: I heard 1\.0 seconds at .* 64 by 48 pixels, .*blue\.$/);
    const sound = heard.messages.flatMap((message) => message.serverContent?.modelTurn?.parts ?? []);
    expect(sound.some((part) => part.inlineData?.mimeType === 'audio/pcm;rate=24000')).toBe(true);
    expect(sound.some((part) => part.thought)).toBe(true);
    expect(simulator.recording({ connection: 1, activity: 1 })).toHaveLength(16_000);
  });

  it('remembers the conversation in a session that is resumed', async () => {
    const first = listener();
    const one = await connect(first);
    ask(one);
    await first.until((message) => message.serverContent?.turnComplete);
    const { sessionResumptionUpdate } = await first.until(
      (message) => message.sessionResumptionUpdate?.lastConsumedClientMessageIndex === '3',
    );
    one.close();
    await expect.poll(() => simulator.state().openSockets).toBe(0);
    const second = listener();
    await connect(second, { sessionResumption: { handle: sessionResumptionUpdate?.newHandle } });
    expect(simulator.state().sessions[1]?.remembers).toEqual(simulator.state().sessions[0]?.remembers);
  });

  it('sends a coded reply of which not a sample is lost or doubled', async () => {
    simulator.load({ timing: AT_ONCE, turns: [{ reply: { kind: 'coded', seconds: 5, firstIndex: 1_000_000 } }] });
    const heard = listener();
    ask(await connect(heard));
    await heard.until((message) => message.serverContent?.turnComplete);
    const pieces = heard.messages.flatMap(
      (message) => message.serverContent?.modelTurn?.parts?.flatMap((part) => part.inlineData?.data ?? []) ?? [],
    );
    const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')));
    const samples = Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
    expect(findCodedSignal(samples, 1_000_000, 120_000)).toEqual({
      lost: [],
      doubled: [],
      inOrder: true,
      strangeSamples: 0,
      startsAt: 0,
    });
  });

  it('calls a function it was offered when the question names it', async () => {
    const heard = listener();
    const functionDeclarations = [
      {
        name: 'read_sensor',
        description: 'Reads one',
        parameters: {
          type: Type.OBJECT,
          properties: { sensor: { type: Type.STRING, enum: ['front', 'back'] } },
          required: ['sensor'],
        },
      },
    ];
    const live = await connect(heard, { tools: [{ functionDeclarations }] });
    live.sendRealtimeInput({ text: 'please read the sensor' });
    const { toolCall } = await heard.until((message) => message.toolCall);
    const [call] = toolCall?.functionCalls ?? [];
    expect(call).toMatchObject({ name: 'read_sensor', args: { sensor: 'front' } });
    live.sendToolResponse({ functionResponses: [{ id: call?.id ?? '', name: 'read_sensor', response: { cm: 80 } }] });
    await heard.until((message) => message.serverContent?.turnComplete);
    const text = heard.messages.map((message) => message.serverContent?.outputTranscription?.text ?? '').join('');
    expect(text).toMatch(/The function read sensor says\s+cm\s*:\s*80/);
  });

  it('answers HTTP requests whole, streamed and spoken', async () => {
    const contents = 'What is this?';
    const whole = await ai.models.generateContent({ model: 'gemini-3.8-flash', contents });
    expect(whole.text).toBe('Simulated answer: You said: What is this?.');
    let streamed = '';
    let reason: string | undefined;
    for await (const chunk of await ai.models.generateContentStream({ model: 'gemini-3.8-flash', contents })) {
      streamed += chunk.text ?? '';
      reason = chunk.candidates?.[0]?.finishReason;
    }
    expect({ streamed, reason }).toEqual({ streamed: whole.text, reason: 'STOP' });
    const speech = await ai.models.generateContent({
      model: 'gemini-3.8-flash-tts',
      contents: 'Hello',
      config: { responseModalities: [Modality.AUDIO] },
    });
    const { mimeType, data = '' } = speech.candidates?.[0]?.content?.parts?.[0]?.inlineData ?? {};
    expect(mimeType).toBe('audio/wav');
    expect(Buffer.from(data, 'base64').toString('latin1', 0, 4)).toBe('RIFF');
  });

  it('says which setting to change when its port is taken', async () => {
    await expect(createGeminiSimulator({ port: simulator.port })).rejects.toThrow(
      `port ${simulator.port} is taken by another program: set CORTEX_SIM_PORT to a free one`,
    );
  });
});
