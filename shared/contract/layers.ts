import * as z from 'zod/mini';
import { channel } from './channel.ts';
import { json } from './codecs.ts';
import { at, id, text, u32, unitInterval } from './fields.ts';

/** 0 safety, 1 reflex, 2 thinker, 3 guide. */
export const Layer = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);
export type Layer = z.infer<typeof Layer>;

export const Decision = z.object({
  turn: u32,
  text,
  layer: Layer,
  intent: z.string(),
  confidence: unitInterval,
  at,
});
export type Decision = z.infer<typeof Decision>;

export const LayerRequest = z.object({ id, text, intent: z.string(), turn: z.optional(u32), at });
export type LayerRequest = z.infer<typeof LayerRequest>;

export const LayerResponse = z.object({ id, text, speak: z.boolean() });
export type LayerResponse = z.infer<typeof LayerResponse>;

export const decision = channel('router/decision', json(Decision), {
  summary: 'Which layer a sentence belongs to',
  qos: 1,
  publishers: ['router'],
});

export const layer1Request = channel('layer1/request', json(LayerRequest), {
  summary: 'A question for the reflex layer',
  qos: 1,
  publishers: ['router'],
});

export const layer3Request = channel('layer3/request', json(LayerRequest), {
  summary: 'A question for the guide',
  qos: 1,
  publishers: ['router'],
});

export const layer1Response = channel('layer1/response', json(LayerResponse), {
  summary: 'What the reflex layer answers',
  qos: 1,
  publishers: [],
  command: true,
});

export const layer3Response = channel('layer3/response', json(LayerResponse), {
  summary: 'What the guide answers',
  qos: 1,
  publishers: [],
  command: true,
});
