import { expect, it } from 'vitest';
import { ALL_CHANNELS } from '#shared/contract/all-channels.ts';
import { validPayloads } from '../../test/integration/harness/valid-payloads.ts';
import { mutated, seededRandom } from './mutation.ts';

it('is the same sequence for the same seed, so that a failure can be repeated', () => {
  const sequence = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 50 }, () => mutated(Buffer.from('{"id":"x","at":1}'), random).toString('hex'));
  };
  expect(sequence(1)).toEqual(sequence(1));
  expect(sequence(1)).not.toEqual(sequence(2));
});

it('leaves the sample alone', () => {
  const sample = Buffer.from('{"id":"x","at":1}');
  const random = seededRandom(3);
  for (let n = 0; n < 100; n += 1) mutated(sample, random);
  expect(sample.toString()).toBe('{"id":"x","at":1}');
});

it('makes payloads that are dropped on every topic, and ones that are believed on nearly all', () => {
  const samples = validPayloads(1_800_000_000_000);
  const random = seededRandom(4);
  const topics = ALL_CHANNELS.filter((one) => samples.has(one.topic)).map(({ topic, codec }) => {
    const known = samples.get(topic) ?? [];
    const believed = Array.from({ length: 1_000 }, (_none, n) => {
      try {
        codec.decode(mutated(known[n % known.length] ?? Buffer.alloc(0), random));
        return true;
      } catch {
        return false;
      }
    });
    return { topic, believed: believed.includes(true), dropped: believed.includes(false) };
  });
  expect(topics.filter(({ dropped }) => !dropped)).toEqual([]);
  expect(topics.filter(({ believed }) => !believed)).toEqual([]);
});
