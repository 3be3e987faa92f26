/** What the server sends. Keys are not exclusive: newer models put audio, transcript and completion into one message. */
export interface ServerMessage {
  setupComplete?: { sessionId?: string };
  serverContent?: ServerContent;
  toolCall?: { functionCalls: FunctionCall[] };
  toolCallCancellation?: { ids: string[] };
  usageMetadata?: UsageMetadata;
  /** Protobuf duration, e.g. `50s`. */
  goAway?: { timeLeft: string };
  sessionResumptionUpdate?: { newHandle?: string; resumable?: boolean; lastConsumedClientMessageIndex?: string };
  voiceActivity?: { voiceActivityType: 'ACTIVITY_START' | 'ACTIVITY_END' };
}

export interface ServerContent {
  modelTurn?: { role?: 'model'; parts: Part[] };
  generationComplete?: true;
  turnComplete?: true;
  interrupted?: true;
  inputTranscription?: { text: string };
  outputTranscription?: { text: string };
  turnCompleteReason?: string | undefined;
  waitingForInput?: true | undefined;
  interactionStatus?: 'IN_PROGRESS' | 'IDLE';
}

export interface Part {
  text?: string;
  thought?: true;
  inlineData?: { mimeType: string; data: string };
}

export interface FunctionCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

export interface ModalityTokens {
  modality: 'AUDIO' | 'TEXT' | 'IMAGE';
  tokenCount: number;
}

export interface UsageMetadata {
  promptTokenCount: number;
  responseTokenCount: number;
  thoughtsTokenCount?: number;
  totalTokenCount: number;
  promptTokensDetails: ModalityTokens[];
  responseTokensDetails: ModalityTokens[];
}

/** One piece of speech as the server sends it. @param samples 24 kHz mono. */
export function audioPart(samples: Int16Array): Part {
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
  return { inlineData: { mimeType: 'audio/pcm;rate=24000', data } };
}
