import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextRole, type Role, type SuccessionEffect, type SuccessionEvent } from './succession.ts';

const EVENTS: SuccessionEvent[] = [
  { kind: 'listening', predecessor: true },
  { kind: 'listening', predecessor: false },
  { kind: 'predecessorLeft' },
  { kind: 'predecessorGone' },
  { kind: 'spliced' },
  { kind: 'successorTook' },
  { kind: 'successorGone' },
];

describe('succession', () => {
  it.each<[Role, SuccessionEvent, Role, SuccessionEffect[]]>([
    ['waiting', { kind: 'listening', predecessor: false }, 'active', ['takeOver', 'announce']],
    ['waiting', { kind: 'listening', predecessor: true }, 'waiting', []],
    ['waiting', { kind: 'predecessorLeft' }, 'splicing', ['splice']],
    ['waiting', { kind: 'predecessorGone' }, 'active', ['takeOver', 'announce']],
    ['splicing', { kind: 'predecessorGone' }, 'splicing', []],
    ['splicing', { kind: 'spliced' }, 'active', ['announce']],
    ['splicing', { kind: 'successorTook' }, 'retired', ['closeDevice']],
    ['active', { kind: 'predecessorLeft' }, 'active', []],
    ['active', { kind: 'successorTook' }, 'retired', ['closeDevice']],
    ['retired', { kind: 'successorTook' }, 'retired', []],
    ['retired', { kind: 'successorGone' }, 'active', ['openDevice']],
  ])('%s: %j → %s', (role, event, next, effects) => {
    expect(nextRole(role, event)).toEqual({ role: next, effects });
  });

  it('never begins twice, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
        let role: Role = 'waiting';
        let begun = 0;
        for (const event of events) {
          const step = nextRole(role, event);
          role = step.role;
          if (step.effects.includes('takeOver') || step.effects.includes('splice')) begun += 1;
        }
        expect(begun).toBeLessThanOrEqual(1);
      }),
    );
  });
});
