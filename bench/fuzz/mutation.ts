/** Numbers from 0 to 1. */
export type Random = () => number;

/** A linear congruential generator (Numerical Recipes), so that a failure can be repeated. */
export function seededRandom(seed: number): Random {
  let value = seed >>> 0;
  return () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
}

/** Random bytes, or `sample` cut short, lengthened, with odd values or with some bytes changed. */
export function mutated(sample: Buffer, random: Random): Buffer {
  const pick = Math.floor(random() * 6);
  const bytes = Buffer.from(sample);
  const at = Math.floor(random() * (bytes.length + 1));
  if (pick === 0)
    return Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256)));
  if (pick === 1) return bytes.subarray(0, at);
  if (pick === 2)
    return Buffer.from(bytes.toString('latin1').replace(/\d+/g, () => ODD_VALUES[at % ODD_VALUES.length] ?? ''));
  if (pick === 3) return Buffer.concat([bytes, bytes.subarray(at)]);
  if (pick === 4) return Buffer.from(ODD_JSON[at % ODD_JSON.length] ?? '');
  // Few at a time: what has one letter or digit changed is believed more often than not.
  for (let n = Math.floor(random() * 4); n >= 0; n -= 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}

const ODD_VALUES = ['-1', '1e308', '4294967296', '0.5', 'null', '""', '[]', '99999999999999999999'];
const ODD_JSON = ['', 'null', '[]', '{}', '"text"', '1', '{"__proto__":{"x":1}}', `${'['.repeat(5_000)}`, '{"id":'];
