import * as z from 'zod/mini';
import { channel, SERVICES } from './channel.ts';
import { json } from './codecs.ts';
import { at } from './fields.ts';

export const Status = z.object({
  state: z.enum(['online', 'offline']),
  pid: z.int(),
  version: z.string(),
  startedAt: at,
  /** What the service works with (device, camera, model), as a person would name it. */
  uses: z.optional(z.string()),
});
export type Status = z.infer<typeof Status>;

/** Counters only rise while a process lives; gauges are values of the moment. Names carry their unit. */
export const Metrics = z.object({
  counters: z.record(z.string(), z.number()),
  gauges: z.record(z.string(), z.number()),
  at,
});
export type Metrics = z.infer<typeof Metrics>;

export const status = channel('{service}/status', json(Status), {
  summary: 'Whether the process is there; offline is its last will',
  qos: 1,
  retain: true,
  publishers: SERVICES,
});

export const metrics = channel('{service}/metrics', json(Metrics), {
  summary: 'Counters and gauges, every 5 s',
  qos: 0,
  publishers: SERVICES,
});
