import * as z from 'zod/mini';
import { channel } from './channel.ts';
import { json, jsonOrEmpty } from './codecs.ts';
import { at, id, text } from './fields.ts';

/** A function another layer offers to the model. `parameters` is a JSON schema of type object. */
export const ToolDeclaration = z.object({
  name: z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/)),
  description: text,
  parameters: z.optional(z.record(z.string(), z.unknown())),
});
export type ToolDeclaration = z.infer<typeof ToolDeclaration>;

export const ToolCall = z.object({ id, args: z.record(z.string(), z.unknown()) });
export type ToolCall = z.infer<typeof ToolCall>;

export const ToolResult = z.union([
  z.object({ id, result: z.unknown(), error: z.optional(z.undefined()) }),
  z.object({ id, error: z.string() }),
]);
export type ToolResult = z.infer<typeof ToolResult>;

/** What became of a declaration or of a result, for the layer that published it. */
export const ToolStatus = z.object({
  /** offered: the model may call it. refused: the declaration is no good. rejected: a result is. cancelled: a result is not wanted. */
  state: z.enum(['offered', 'refused', 'rejected', 'cancelled']),
  /** The call it is about. */
  call: z.optional(id),
  /** In plain words, what to change. */
  problem: z.optional(text),
  at,
});
export type ToolStatus = z.infer<typeof ToolStatus>;

export const toolDeclare = channel('tools/{name}/declare', jsonOrEmpty(ToolDeclaration), {
  summary: 'A function offered to the model; empty withdraws it',
  qos: 1,
  retain: true,
  publishers: [],
  command: true,
});

export const toolCall = channel('tools/{name}/call', json(ToolCall), {
  summary: 'The model calls a function',
  qos: 1,
  publishers: ['thinker'],
});

export const toolResult = channel('tools/{name}/result', json(ToolResult), {
  summary: 'What the function returned, or why it could not',
  qos: 1,
  publishers: [],
  command: true,
});

export const toolStatus = channel('tools/{name}/status', json(ToolStatus), {
  summary: 'What became of a declaration or a result, and why',
  qos: 1,
  publishers: ['thinker'],
});
