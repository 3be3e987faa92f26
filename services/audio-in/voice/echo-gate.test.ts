import { describe, expect, it } from 'vitest';
import { type EchoGate, type EchoWindow, gateDbfs, NO_ECHO, nextEchoGate } from './echo-gate.ts';

const window: EchoWindow = { samples: 512, levelDbfs: -40, speaking: true, personSpeaking: false, discarded: false };

function echoAfter(windows: Partial<EchoWindow>[], gate: EchoGate = NO_ECHO): EchoGate {
  return windows.reduce<EchoGate>((state, changes) => nextEchoGate(state, { ...window, ...changes }), gate);
}
const times = (count: number, changes: Partial<EchoWindow> = {}) => Array<Partial<EchoWindow>>(count).fill(changes);

describe('the echo gate', () => {
  it('stands open while nothing is played', () => {
    expect(gateDbfs(NO_ECHO, 'half-duplex')).toBeUndefined();
    expect(gateDbfs(echoAfter(times(50, { speaking: false })), 'half-duplex')).toBeUndefined();
  });

  it('is closed until it knows how loud the assistant is, then 6 dB above that', () => {
    expect(gateDbfs(echoAfter(times(5)), 'half-duplex')).toBe(Number.POSITIVE_INFINITY);
    expect(gateDbfs(echoAfter(times(30)), 'half-duplex')).toBeCloseTo(-34, 0);
  });

  it('holds the peaks of the syllables', () => {
    const syllables = times(10).flatMap(() => [...times(3, { levelDbfs: -30 }), ...times(5, { levelDbfs: -60 })]);
    expect(gateDbfs(echoAfter(syllables), 'half-duplex')).toBeCloseTo(-24, 0);
  });

  it('does not learn from a person who speaks', () => {
    const gate = echoAfter([...times(30), ...times(30, { levelDbfs: -10, personSpeaking: true })]);
    expect(gate.echoDbfs).toBeCloseTo(-40, 0);
  });

  it('stays for the tail of the echo and opens then', () => {
    const gate = echoAfter(times(30));
    expect(gateDbfs(echoAfter(times(9, { speaking: false }), gate), 'half-duplex')).toBeDefined();
    expect(gateDbfs(echoAfter(times(12, { speaking: false }), gate), 'half-duplex')).toBeUndefined();
  });

  it('never closes with headphones, and behind a canceller asks only for more than the residue', () => {
    expect(gateDbfs(echoAfter(times(30)), 'headphones')).toBeUndefined();
    expect(gateDbfs(echoAfter(times(30, { levelDbfs: -70 })), 'aec')).toBeCloseTo(-64, 0);
    expect(gateDbfs(NO_ECHO, 'aec')).toBeUndefined();
  });

  it('does not rise with the swelling first syllable of a person', () => {
    const swelling = Array.from({ length: 6 }, (_unused, index) => ({ levelDbfs: -38 + 4 * index }));
    expect(echoAfter([...times(30), ...swelling]).echoDbfs).toBeLessThan(-38);
  });

  it('learns from its mistake: what was discarded as nobody was the echo', () => {
    const gate = echoAfter([...times(30), ...times(5, { levelDbfs: -25, personSpeaking: true }), { discarded: true }]);
    expect(gateDbfs(gate, 'half-duplex')).toBeCloseTo(-19, 0);
  });
});
