import { describe, expect, it } from 'vitest';
import { RetainedFrame } from './retained-frame.ts';

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff);

function retained() {
  const lengths: number[] = [];
  return { lengths, frame: new RetainedFrame((jpeg) => lengths.push(jpeg.length), 0) };
}

describe('the retained frame', () => {
  it('is withdrawn once, before it is two seconds old, when the camera has fallen silent', () => {
    const { frame, lengths } = retained();
    frame.show(JPEG, 10_000);
    expect([11_000, 11_600, 11_800, 13_000].map((nowMs) => frame.expire(nowMs, 10_900))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(lengths).toEqual([3, 0]);
  });

  it('stays while a camera that is well publishes seldom, because the setting says so', () => {
    const { frame, lengths } = retained();
    frame.show(JPEG, 10_000);
    expect(frame.expire(14_000, 13_900)).toBe(false);
    expect(lengths).toEqual([3]);
  });

  it('of a process before us is withdrawn when nothing newer comes', () => {
    const { frame, lengths } = retained();
    expect([1_000, 1_800].map((nowMs) => frame.expire(nowMs, Number.NEGATIVE_INFINITY))).toEqual([false, true]);
    expect(lengths).toEqual([0]);
  });
});
