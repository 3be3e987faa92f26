import { describe, expect, it } from 'vitest';
import { Remarks } from './remarks.ts';

describe('the remarks of other layers', () => {
  it('go along with one question, the newest word of each source', () => {
    const remarks = new Remarks();
    remarks.note('gps', 'Baker Street 220');
    remarks.note('detector', 'a car');
    remarks.note('gps', 'Baker Street 221');
    expect(remarks.takeAlong(1)).toEqual(['[detector] a car', '[gps] Baker Street 221']);
    expect(remarks.takeAlong(2)).toEqual([]);
  });

  it('are still there when the same question is put again, whatever other turn is over by then, and not for the next', () => {
    const remarks = new Remarks();
    remarks.takeAlong(1);
    remarks.note('detector', 'a car');
    remarks.takeAlong(2, 'Only half was heard.');
    remarks.note('gps', 'Baker Street');
    remarks.forget(1);
    expect(remarks.takeAlong(2)).toEqual(['Only half was heard.', '[detector] a car', '[gps] Baker Street']);
    remarks.forget(2);
    expect(remarks.takeAlong(3)).toEqual([]);
  });

  it('are forgotten beyond twenty sources, and cut beyond two thousand characters', () => {
    const remarks = new Remarks();
    for (let source = 0; source < 30; source += 1) remarks.note(`s${source}`, 'x'.repeat(5_000));
    const lines = remarks.takeAlong(1);
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe(`[s10] ${'x'.repeat(2_000)}`);
  });
});
