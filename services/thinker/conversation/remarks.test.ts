import { describe, expect, it } from 'vitest';
import { Remarks } from './remarks.ts';

describe('the remarks of other layers', () => {
  it('go along with one question, the newest word of each source', () => {
    const remarks = new Remarks();
    remarks.note('gps', 'Baker Street 220');
    remarks.note('detector', 'a car');
    remarks.note('gps', 'Baker Street 221');
    expect(remarks.take()).toEqual(['[detector] a car', '[gps] Baker Street 221']);
    expect(remarks.take()).toEqual([]);
  });

  it('are still there for the next backend that is asked the same question, and not for the next question', () => {
    const remarks = new Remarks();
    remarks.note('detector', 'a car');
    remarks.take();
    remarks.note('gps', 'Baker Street');
    remarks.take();
    expect(remarks.taken).toEqual(['[detector] a car', '[gps] Baker Street']);
    remarks.forgetTaken();
    expect(remarks.taken).toEqual([]);
  });

  it('are forgotten beyond twenty sources, and cut beyond two thousand characters', () => {
    const remarks = new Remarks();
    for (let source = 0; source < 30; source += 1) remarks.note(`s${source}`, 'x'.repeat(5_000));
    const lines = remarks.take();
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe(`[s10] ${'x'.repeat(2_000)}`);
  });
});
