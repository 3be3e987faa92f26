import { describe, expect, it } from 'vitest';
import { CLOSE_CAUSES, cutReason, unknownField, unknownModel } from './close-causes.ts';

describe('close reasons', () => {
  it('fit into a close frame, whatever names they carry', () => {
    const all = [
      ...Object.values(CLOSE_CAUSES),
      unknownModel(`models/${'x'.repeat(300)}`),
      unknownField('ä'.repeat(90), 'a'),
    ];
    for (const { reason } of all) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it('are never cut inside a character', () => {
    expect(cutReason(`${'a'.repeat(122)}ä`)).toBe('a'.repeat(122));
    expect(cutReason(`${'a'.repeat(121)}ä`)).toBe(`${'a'.repeat(121)}ä`);
  });
});
