/** One thing a server message says. A message can say many at once; `readServerMessage` gives them in the order that matters. */
export type ServerEvent =
  | { type: 'setupCompleted' }
  /** s16le mono as it came, possibly with half a sample at the end. */
  | { type: 'audio'; bytes: Buffer; sampleRateHz: number }
  | { type: 'thought' }
  /** A piece of what the user said. */
  | { type: 'userText'; text: string }
  /** A piece of what the model says. */
  | { type: 'modelText'; text: string }
  | { type: 'generationCompleted' }
  | { type: 'interrupted' }
  /** `moreFollows`: the server itself says that it is still working on this turn. */
  | { type: 'turnCompleted'; reason?: string; moreFollows: boolean }
  | { type: 'waitingForInput' }
  | { type: 'toolsCalled'; calls: readonly ServerToolCall[] }
  | { type: 'toolsCancelled'; ids: readonly string[] }
  | { type: 'goingAway'; timeLeftMs: number }
  | { type: 'handleUpdated'; handle?: string }
  | { type: 'usageReported'; usage: TokenCounts }
  /** Automatic detection's view of the user. */
  | { type: 'voiceActivity'; state: 'started' | 'ended' };

export interface ServerToolCall {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

/** Tokens as the server counts them; details by modality, lower case (`audio`, `text`, `image`, `video`). */
export interface TokenCounts {
  prompt: number;
  response: number;
  thoughts: number;
  total: number;
  promptDetails: Readonly<Record<string, number>>;
  responseDetails: Readonly<Record<string, number>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Where the server does not say, Live audio is 24 kHz. */
const DEFAULT_RATE_HZ = 24_000;

/**
 * Everything one message says, whatever fields it bundles. Never throws: fields of the wrong shape count as absent.
 * Order within a message: texts and audio before the marks that close a turn, usage before `turnComplete` so that it
 * is booked on the turn it belongs to.
 */
export function readServerMessage(message: unknown): ServerEvent[] {
  const fields = asFields(message);
  if (!fields) return [];
  const events: ServerEvent[] = [];
  if (asFields(fields['setupComplete'])) events.push({ type: 'setupCompleted' });
  const update = asFields(fields['sessionResumptionUpdate']);
  if (update) events.push(handleUpdated(update));
  const voice = asText(asFields(fields['voiceActivity'])?.['voiceActivityType']);
  if (voice?.endsWith('START')) events.push({ type: 'voiceActivity', state: 'started' });
  if (voice?.endsWith('END')) events.push({ type: 'voiceActivity', state: 'ended' });
  const content = asFields(fields['serverContent']);
  if (content) events.push(...contentEvents(content));
  const calls = asList(asFields(fields['toolCall'])?.['functionCalls']).flatMap(toolCall);
  if (calls.length > 0) events.push({ type: 'toolsCalled', calls });
  const ids = asList(asFields(fields['toolCallCancellation'])?.['ids']).flatMap((id) => asText(id) ?? []);
  if (ids.length > 0) events.push({ type: 'toolsCancelled', ids });
  const usage = asFields(fields['usageMetadata']);
  if (usage) events.push({ type: 'usageReported', usage: tokenCounts(usage) });
  if (content) events.push(...closingEvents(content));
  const goAway = asFields(fields['goAway']);
  if (goAway) events.push({ type: 'goingAway', timeLeftMs: durationMs(goAway['timeLeft']) });
  return events;
}

function contentEvents(content: Fields): ServerEvent[] {
  const events: ServerEvent[] = [];
  const userText = asText(asFields(content['inputTranscription'])?.['text']);
  if (userText) events.push({ type: 'userText', text: userText });
  const modelText = asText(asFields(content['outputTranscription'])?.['text']);
  if (modelText) events.push({ type: 'modelText', text: modelText });
  for (const part of asList(asFields(content['modelTurn'])?.['parts'])) {
    const fields = asFields(part);
    if (!fields) continue;
    const inline = asFields(fields['inlineData']);
    const mimeType = asText(inline?.['mimeType']) ?? '';
    const encoded = asText(inline?.['data']);
    if (fields['thought'] === true) events.push({ type: 'thought' });
    else if (encoded && mimeType.startsWith('audio/')) {
      // Node reads the URL-safe alphabet as well.
      const bytes = Buffer.from(encoded, 'base64');
      if (bytes.length > 0) events.push({ type: 'audio', bytes, sampleRateHz: rateOf(mimeType) });
    }
  }
  return events;
}

function closingEvents(content: Fields): ServerEvent[] {
  const events: ServerEvent[] = [];
  if (content['generationComplete'] === true) events.push({ type: 'generationCompleted' });
  if (content['interrupted'] === true) events.push({ type: 'interrupted' });
  if (content['waitingForInput'] === true) events.push({ type: 'waitingForInput' });
  if (content['turnComplete'] === true) {
    const reason = asText(content['turnCompleteReason']);
    const moreFollows = content['interactionStatus'] === 'IN_PROGRESS';
    events.push({ type: 'turnCompleted', moreFollows, ...(reason !== undefined && { reason }) });
  }
  return events;
}

/** A handle counts only together with `resumable`; without it the last one stays good. */
function handleUpdated(update: Fields): ServerEvent {
  const handle = asText(update['newHandle']);
  return update['resumable'] === true && handle ? { type: 'handleUpdated', handle } : { type: 'handleUpdated' };
}

function toolCall(value: unknown): ServerToolCall[] {
  const fields = asFields(value);
  const id = asText(fields?.['id']);
  const name = asText(fields?.['name']);
  return id && name ? [{ id, name, args: asFields(fields?.['args']) ?? {} }] : [];
}

function tokenCounts(usage: Fields): TokenCounts {
  return {
    prompt: asCount(usage['promptTokenCount']),
    response: asCount(usage['responseTokenCount']),
    thoughts: asCount(usage['thoughtsTokenCount']),
    total: asCount(usage['totalTokenCount']),
    promptDetails: byModality(usage['promptTokensDetails']),
    responseDetails: byModality(usage['responseTokensDetails']),
  };
}

function byModality(details: unknown): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const detail of asList(details)) {
    const fields = asFields(detail);
    const modality = asText(fields?.['modality'])?.toLowerCase();
    if (modality) counts[modality] = (counts[modality] ?? 0) + asCount(fields?.['tokenCount']);
  }
  return counts;
}

function rateOf(mimeType: string): number {
  const rate = Number(/rate=(\d+)/.exec(mimeType)?.[1]);
  return rate > 0 ? rate : DEFAULT_RATE_HZ;
}

/** A protobuf duration (`"50s"`, `"1.5s"`) in milliseconds; 0 where it cannot be read, which means: at once. */
function durationMs(value: unknown): number {
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(asText(value) ?? '')?.[1]);
  return seconds > 0 ? seconds * 1000 : 0;
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asCount(value: unknown): number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0;
}
