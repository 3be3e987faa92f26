import { describe, expect, it } from 'vitest';
import { type EchoGate, type EchoWindow, gateDbfs, isSettled, NO_ECHO, nextEchoGate } from './echo-gate.ts';

const window: EchoWindow = { samples: 512, levelDbfs: -40, speaking: true, personSpeaking: false, discarded: false };

function hearing(gate: EchoGate, windows: Partial<EchoWindow>[]): EchoGate {
  return windows.reduce<EchoGate>((state, changes) => nextEchoGate(state, { ...window, ...changes }), gate);
}
const quietRoom = nextEchoGate(NO_ECHO, { ...window, speaking: false, levelDbfs: -75 });
const echoAfter = (windows: Partial<EchoWindow>[], gate = quietRoom) => hearing(gate, windows);
const times = (count: number, changes: Partial<EchoWindow> = {}) => Array<Partial<EchoWindow>>(count).fill(changes);

describe('the echo gate', () => {
  it('stands open while nothing is played', () => {
    expect(gateDbfs(NO_ECHO, 'half-duplex')).toBeUndefined();
    expect(gateDbfs(echoAfter(times(50, { speaking: false })), 'half-duplex')).toBeUndefined();
  });

  it('is closed until it knows how loud the assistant is, then 6 dB above that', () => {
    expect(gateDbfs(NO_ECHO, 'half-duplex', true)).toBe(Number.POSITIVE_INFINITY);
    expect(gateDbfs(echoAfter(times(5)), 'half-duplex')).toBe(Number.POSITIVE_INFINITY);
    expect(gateDbfs(echoAfter(times(30)), 'half-duplex')).toBeCloseTo(-34, 0);
  });

  it('learns from what is heard and not from the silence before it: the echo of a Bluetooth loudspeaker comes late', () => {
    const late = echoAfter(times(25, { levelDbfs: -75 }));
    expect(gateDbfs(late, 'half-duplex')).toBe(Number.POSITIVE_INFINITY);
    expect(gateDbfs(echoAfter(times(10), late), 'half-duplex')).toBeCloseTo(-34, 0);
  });

  it('opens after two seconds for a loudspeaker nobody hears', () => {
    expect(gateDbfs(echoAfter(times(70, { levelDbfs: -75 })), 'half-duplex')).toBeCloseTo(-69, 0);
  });

  it('knows in the next reply what it has learnt in the last', () => {
    const gate = echoAfter([...times(30), ...times(100, { speaking: false, levelDbfs: -75 }), ...times(1)]);
    expect(gateDbfs(gate, 'half-duplex')).toBeCloseTo(-34, 0);
  });

  it('is to be trusted after three seconds of echo, and again a second after a mistake', () => {
    expect(isSettled(echoAfter(times(90)))).toBe(false);
    const settled = echoAfter(times(100));
    expect(isSettled(settled)).toBe(true);
    const mistaken = echoAfter([{ levelDbfs: -20, personSpeaking: true }, { discarded: true }], settled);
    expect(isSettled(mistaken)).toBe(false);
    expect(isSettled(echoAfter(times(35), mistaken))).toBe(true);
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
    expect(gateDbfs(echoAfter(times(70, { levelDbfs: -70 })), 'aec')).toBeCloseTo(-64, 0);
    // It has not adapted yet.
    expect(gateDbfs(echoAfter(times(5)), 'aec')).toBe(Number.POSITIVE_INFINITY);
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
