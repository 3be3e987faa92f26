import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { keepPacketsLean } from './lean-packets.ts';

/** As mqtt.js and Aedes find it, who must not bring one each of their own. */
function packetsOf(library: 'mqtt' | 'aedes') {
  const require = createRequire(createRequire(import.meta.url).resolve(library));
  const { writeToStream } = require('mqtt-packet') as typeof import('mqtt-packet');
  return { writeToStream, cache: (require('mqtt-packet/numbers') as { cache: object }).cache };
}

it.each(['mqtt', 'aedes'] as const)(
  '%s writes its packets without a buffer for every number there is',
  async (library) => {
    keepPacketsLean();
    const { writeToStream, cache } = packetsOf(library);
    const stream = new PassThrough();
    const packet = { cmd: 'publish', topic: 'a', payload: 'b', messageId: 0x1234, qos: 1, dup: false, retain: false };
    writeToStream(packet as never, stream);
    await new Promise(setImmediate);
    expect(stream.read()).toEqual(Buffer.from([0x32, 6, 0, 1, 97, 0x12, 0x34, 98]));
    expect(Object.keys(cache)).toEqual([]);
  },
);
