import type { Channel } from '#shared/contract/channel.ts';

/**
 * The channel's topic with any payload let through, decoded as far as it can be: whoever publishes rubbish there is to be
 * told why it is, and a payload the bus drops cannot be answered. Empty is null, what is no JSON is undefined.
 */
export function anyJson(channel: Channel<unknown>): Channel<unknown> {
  return {
    ...channel,
    codec: {
      contentType: 'application/json',
      encode: (payload) => channel.codec.encode(payload),
      decode(bytes) {
        if (bytes.length === 0) return null;
        try {
          return JSON.parse(Buffer.from(bytes).toString('utf8'));
        } catch {
          return undefined;
        }
      },
    },
  };
}
