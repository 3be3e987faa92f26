import * as z from 'zod/mini';
import { Resend } from './audio-in.ts';
import { channel } from './channel.ts';
import { json, pcm } from './codecs.ts';
import { at, id, milliseconds, text, u32 } from './fields.ts';

export const Transcript = z.object({
  turn: u32,
  role: z.enum(['user', 'model']),
  /** The turn's whole text so far, not a piece of it. */
  text,
  final: z.boolean(),
  at,
});
export type Transcript = z.infer<typeof Transcript>;

/** What kept a turn or a session from going on. `message` says in plain words what to do. */
export const Failure = z.object({ kind: z.string(), message: z.string(), retryable: z.boolean() });
export type Failure = z.infer<typeof Failure>;

export const Turn = z.object({
  turn: u32,
  utterance: z.optional(u32),
  state: z.enum(['listening', 'thinking', 'speaking', 'done', 'interrupted', 'failed']),
  backend: z.enum(['live', 'http', 'offline']),
  error: z.optional(Failure),
  /** Unix milliseconds of the turn's milestones: speechStarted, speechEnded, activityEnded, firstAudio, generationComplete, turnComplete. */
  timings: z.optional(z.record(z.string(), z.number())),
  /** Tokens by modality, bytes and cost of this turn alone. */
  usage: z.optional(z.record(z.string(), z.number())),
  /** How much of the reply reached the listener's ear. */
  heardMs: z.optional(milliseconds),
  at,
});
export type Turn = z.infer<typeof Turn>;

export const Session = z.object({
  state: z.enum(['idle', 'connecting', 'connected', 'resuming', 'backoff', 'failed']),
  model: z.string(),
  attempt: z.int().check(z.minimum(0)),
  error: z.optional(Failure),
  resumable: z.boolean(),
  /** True where answers come from the local stand-in and not from Google. */
  simulated: z.boolean(),
  since: at,
});
export type Session = z.infer<typeof Session>;

export const Ask = z.object({ id, text, withFrame: z.optional(z.boolean()) });
export type Ask = z.infer<typeof Ask>;
export const Say = z.object({ id, text });
export type Say = z.infer<typeof Say>;
export const Context = z.object({ source: id, text });
export type Context = z.infer<typeof Context>;

export const replyPcm = channel('thinker/audio', pcm, {
  summary: 'The spoken reply, 24 kHz mono, one stream per turn',
  qos: 0,
  publishers: ['thinker'],
});

export const replyResend = channel('thinker/audio/resend', json(Resend), {
  summary: 'A subscriber asks for reply samples it lacks',
  qos: 1,
  publishers: ['speaker'],
  command: true,
});

export const transcript = channel('thinker/transcript', json(Transcript), {
  summary: 'What was said, by user and model, as text',
  qos: 1,
  publishers: ['thinker'],
});

export const turn = channel('thinker/turn', json(Turn), {
  summary: 'Where the current exchange stands',
  qos: 1,
  publishers: ['thinker'],
});

export const session = channel('thinker/session', json(Session), {
  summary: 'The connection to Gemini',
  qos: 1,
  retain: true,
  publishers: ['thinker'],
});

export const ask = channel('thinker/ask', json(Ask), {
  summary: 'A question in text',
  qos: 1,
  publishers: ['router'],
  command: true,
});

export const say = channel('thinker/say', json(Say), {
  summary: 'Speak exactly this',
  qos: 1,
  publishers: ['router'],
  command: true,
});

export const context = channel('thinker/context', json(Context), {
  summary: 'Something worth knowing (detections, position), absorbed silently',
  qos: 1,
  publishers: ['router'],
  command: true,
});
