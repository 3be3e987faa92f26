import type { ZodMiniType } from 'zod/mini';

/** Turns a payload into bytes and back. `decode` throws on anything it would not have encoded itself. */
export interface Codec<Payload> {
  readonly contentType: string;
  /** The JSON schema's source, where there is one; documentation is generated from it. */
  readonly schema?: ZodMiniType<Payload>;
  encode(payload: Payload): Buffer;
  decode(bytes: Uint8Array): Payload;
}

/** The accounts the broker knows. `operator` may do everything, `guest` may only read, and not microphone or camera. */
export const ACCOUNTS = ['operator', 'guest', 'broker', 'audio-in', 'vision', 'thinker', 'speaker', 'router'] as const;
export type Account = (typeof ACCOUNTS)[number];

export const SERVICES = ['broker', 'audio-in', 'vision', 'thinker', 'speaker', 'router'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** One topic of the contract: its place below the prefix, its bytes and who may speak on it. */
export interface Channel<Payload> {
  /** Below the prefix; `{name}` stands for one level that is filled in by `atTopic`. */
  readonly topic: string;
  readonly summary: string;
  readonly codec: Codec<Payload>;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Services that may publish here. The operator always may. */
  readonly publishers: readonly ServiceName[];
  /** A command: other layers are expected to publish it, under the operator account or one of their own. */
  readonly command: boolean;
  /** Microphone and camera: a guest may not subscribe. */
  readonly sensitive: boolean;
}

interface ChannelOptions {
  summary: string;
  qos: 0 | 1;
  retain?: boolean;
  publishers: readonly ServiceName[];
  command?: boolean;
  sensitive?: boolean;
}

export function channel<Payload>(topic: string, codec: Codec<Payload>, options: ChannelOptions): Channel<Payload> {
  return { topic, codec, retain: false, command: false, sensitive: false, ...options };
}

/** The channel with every `{name}` of its topic filled in. Throws RangeError when a level is missing or not one level. */
export function atTopic<Payload>(template: Channel<Payload>, levels: Record<string, string>): Channel<Payload> {
  const topic = template.topic.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const level = levels[name];
    if (!level || /[/+#\0]/.test(level))
      throw new RangeError(`${template.topic}: "${level}" is no level for {${name}}`);
    return level;
  });
  return { ...template, topic };
}

/** The MQTT filter that matches every topic of the channel. */
export function filterOf(template: { readonly topic: string }): string {
  return template.topic.replace(/\{\w+\}/g, '+');
}

/** The filled-in levels of `topic` (below the prefix), or undefined when it is not one of this channel's. */
export function matchTopic(template: { readonly topic: string }, topic: string): Record<string, string> | undefined {
  const pattern = template.topic.split('/');
  const levels = topic.split('/');
  if (pattern.length !== levels.length) return undefined;
  const filled: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const level = levels[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name) filled[name] = level;
    else if (expected !== level) return undefined;
  }
  return filled;
}
