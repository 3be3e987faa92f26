import * as z from 'zod/mini';
import { channel } from './channel.ts';
import { json } from './codecs.ts';
import { at, id, milliseconds, text, u32, unitInterval } from './fields.ts';

export const Playback = z.object({
  turn: u32,
  state: z.enum(['started', 'progress', 'paused', 'resumed', 'finished', 'interrupted']),
  /** Samples of the turn really handed to the device, at the reply's 24 kHz. */
  position: u32,
  playedMs: milliseconds,
  at,
});
export type Playback = z.infer<typeof Playback>;

export const SpeakerState = z.object({
  state: z.enum(['idle', 'speaking', 'paused']),
  turn: z.optional(u32),
  position: z.optional(u32),
  volume: unitInterval,
  /** What the samples go to, as a person would name it. */
  output: z.string(),
  since: at,
  /** Set in the last word of a process that stops: from here on a successor may be heard. */
  leaving: z.optional(z.boolean()),
});
export type SpeakerState = z.infer<typeof SpeakerState>;

export const Alert = z.object({
  id,
  earcon: z.optional(z.enum(['danger', 'attention', 'ready', 'offline'])),
  text: z.optional(text),
});
export type Alert = z.infer<typeof Alert>;

export const playback = channel('speaker/playback', json(Playback), {
  summary: 'What the listener has heard of a turn',
  qos: 1,
  publishers: ['speaker'],
});

export const speakerState = channel('speaker/state', json(SpeakerState), {
  summary: 'What the loudspeaker is doing',
  qos: 1,
  retain: true,
  publishers: ['speaker'],
});

export const alert = channel('speaker/alert', json(Alert), {
  summary: 'Played at once, over everything',
  qos: 1,
  publishers: ['router', 'thinker', 'audio-in', 'vision'],
  command: true,
});
