import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { SETTINGS } from '#shared/config/settings.ts';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import type { Channel } from '#shared/contract/channel.ts';
import { VERSION } from '#shared/lifecycle/version.ts';

/** The contract as an AsyncAPI 3.0 document, made from the channel definitions. */
export function renderAsyncApi(): string {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  for (const channel of ALL_CHANNELS) {
    const name = nameOf(channel);
    channels[name] = describeChannel(channel);
    const reference = { $ref: `#/channels/${name}` };
    if (channel.publishers.length > 0) operations[`${name}.publish`] = { action: 'send', channel: reference };
    if (channel.command) operations[`${name}.command`] = { action: 'receive', channel: reference };
  }
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Cortex Live',
      version: VERSION,
      description: 'Topics below the prefix (default `cortex`). Generated from the channel definitions; do not edit.',
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: `${SETTINGS.mqttHost.fallback}:${SETTINGS.mqttPort.fallback}`,
        protocol: 'mqtt',
        protocolVersion: '3.1.1',
      },
    },
    channels,
    operations,
  };
  return stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}

function nameOf(channel: Channel<unknown>): string {
  return channel.topic.replace(/[{}]/g, '').replace(/[/-](\w)/g, (_separator, letter: string) => letter.toUpperCase());
}

function describeChannel(channel: Channel<unknown>): unknown {
  const parameters = [...channel.topic.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, { description: `one level` }]);
  return {
    address: `{prefix}/${channel.topic}`,
    description: channel.summary,
    parameters: { prefix: { default: SETTINGS.topicPrefix.fallback }, ...Object.fromEntries(parameters) },
    messages: {
      message: {
        contentType: channel.codec.contentType,
        ...(channel.codec.schema && { payload: jsonSchemaOf(channel) }),
      },
    },
    bindings: { mqtt: { qos: channel.qos, retain: channel.retain, bindingVersion: '0.2.0' } },
  };
}

function jsonSchemaOf(channel: Channel<unknown>): unknown {
  const { schema } = channel.codec;
  if (!schema) return undefined;
  const { $schema: _dialect, ...jsonSchema } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return jsonSchema;
}
