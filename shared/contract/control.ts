import * as z from 'zod/mini';
import { channel } from './channel.ts';
import { json } from './codecs.ts';
import { at, id, milliseconds, u32, unitInterval } from './fields.ts';

export const Interrupt = z.object({
  id,
  source: z.enum(['barge-in', 'voice-command', 'operator', 'alert']),
  utterance: z.optional(u32),
  at,
});
export type Interrupt = z.infer<typeof Interrupt>;

export const Fallback = z.object({
  level: z.enum(['live', 'http', 'offline']),
  reason: z.string(),
  since: at,
});
export type Fallback = z.infer<typeof Fallback>;

/** true = blocked at the source. */
export const Privacy = z.object({ microphone: z.boolean(), camera: z.boolean() });
export type Privacy = z.infer<typeof Privacy>;

export const Volume = z.object({ volume: unitInterval });
export type Volume = z.infer<typeof Volume>;

/** Run-time switches; a field that is absent keeps the value it was started with. */
export const RuntimeSettings = z.object({
  bargeIn: z.optional(z.enum(['pause', 'duck', 'off'])),
  echo: z.optional(z.enum(['headphones', 'aec', 'half-duplex'])),
  vadThreshold: z.optional(z.number().check(z.minimum(0.05), z.maximum(0.95))),
  minSpeechMs: z.optional(milliseconds.check(z.maximum(5_000))),
  minSilenceMs: z.optional(milliseconds.check(z.maximum(10_000))),
  layer2Mode: z.optional(z.enum(['live', 'legacy'])),
  muted: z.optional(z.boolean()),
});
export type RuntimeSettings = z.infer<typeof RuntimeSettings>;

export const interrupt = channel('control/interrupt', json(Interrupt), {
  summary: 'Be quiet now; the rest of the current turn is dropped',
  qos: 1,
  publishers: ['audio-in', 'router'],
  command: true,
});

export const fallback = channel('control/fallback', json(Fallback), {
  summary: "The router's decision which backend answers",
  qos: 1,
  retain: true,
  publishers: ['router'],
});

export const privacy = channel('control/privacy', json(Privacy), {
  summary: 'What is blocked at the source',
  qos: 1,
  retain: true,
  publishers: ['router'],
  command: true,
});

export const volume = channel('control/volume', json(Volume), {
  summary: 'Loudness of replies, 0 to 1',
  qos: 1,
  retain: true,
  publishers: ['router'],
  command: true,
});

export const runtimeSettings = channel('control/settings', json(RuntimeSettings), {
  summary: 'Switches obeyed at run time; no service sets them (spoken louder and quieter are control/volume)',
  qos: 1,
  retain: true,
  publishers: [],
  command: true,
});
