import { describe, expect, it } from 'vitest';
import { manualClock } from '#shared/time/manual-clock.ts';
import { PictureRoom } from './picture-room.ts';

/** A question of 40 ms chunks, sent in real time over a link of this rate that is `distanceMs` long, both ways. */
function link({ bytesPerSecond = Number.POSITIVE_INFINITY, distanceMs = 0, answersPings = true } = {}) {
  const clock = manualClock(0);
  let pings = 0;
  let sentBytes = 0;
  let freeAtMs = 0;
  const room: PictureRoom = new PictureRoom({
    clock,
    ping() {
      pings += 1;
      const number = pings;
      const pongMs = Math.max(freeAtMs, clock.nowMs()) + distanceMs;
      if (answersPings) clock.after(pongMs - clock.nowMs(), () => room.ponged(number));
      return number;
    },
  });
  return {
    clock,
    room,
    begin: () => room.begin(sentBytes),
    speak(ms: number) {
      for (let at = 0; at < ms; at += 40) {
        sentBytes += 1_700;
        freeAtMs = Math.max(freeAtMs, clock.nowMs()) + (1_700 / bytesPerSecond) * 1000;
        room.sent(sentBytes);
        clock.advance(40);
      }
    },
    setRate(rate: number) {
      bytesPerSecond = rate;
    },
  };
}

describe('the room for a picture', () => {
  it.each([
    ['a quick link near by', { bytesPerSecond: 1_000_000, distanceMs: 40 }, 'room'],
    ['a quick link far away', { bytesPerSecond: 1_000_000, distanceMs: 600 }, 'room'],
    ['a link that just carries sound', { bytesPerSecond: 45_000, distanceMs: 40 }, 'room'],
    ['64 kbit/s', { bytesPerSecond: 8_000, distanceMs: 40 }, 'full'],
    ['64 kbit/s far away', { bytesPerSecond: 8_000, distanceMs: 600 }, 'full'],
    ['a server that answers no pings', { answersPings: false }, 'room'],
  ] as const)('over %s, after a question of 1.2 s: %s', (_name, options, expected) => {
    const { begin, speak, room } = link(options);
    begin();
    speak(1_200);
    expect(room.verdict).toBe(expected);
  });

  it('is unknown until the first sound has been seen to arrive', () => {
    const { begin, speak, room, clock } = link({ distanceMs: 100 });
    expect(room.verdict).toBe('unknown');
    begin();
    clock.advance(100);
    expect(room.verdict).toBe('unknown');
    speak(400);
    expect(room.verdict).toBe('room');
  });

  it('comes back with the network', () => {
    const { begin, speak, room, setRate, clock } = link({ bytesPerSecond: 8_000, distanceMs: 40 });
    begin();
    speak(800);
    clock.advance(10_000);
    expect(room.verdict).toBe('full');
    setRate(1_000_000);
    begin();
    // Until the new question has shown something, the last one counts.
    expect(room.verdict).toBe('full');
    speak(400);
    expect(room.verdict).toBe('room');
  });
});
