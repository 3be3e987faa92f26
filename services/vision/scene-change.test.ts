import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  differencePercent,
  type GreyCells,
  lookAt,
  noScene,
  type PublishReason,
  type ScenePolicy,
} from './scene-change.ts';

const CELLS = 32 * 24;
const POLICY: ScenePolicy = { frameMs: 500, refreshMs: 1_000, thresholdPercent: 1.5 };

const grey = (level: number): GreyCells => new Uint8Array(CELLS).fill(level);
/** A street: light and dark stripes, moved by whole cells. */
const street = (shift: number): GreyCells =>
  Uint8Array.from({ length: CELLS }, (_, i) => ((i + shift) % 32 < 16 ? 90 : 130));

interface Seen {
  atMs: number;
  publish: PublishReason | undefined;
  scene: number;
}

/** Looks every 200 ms at what `picture` shows. */
function watch(
  lengthMs: number,
  picture: (atMs: number) => GreyCells,
  { policy = POLICY, attentive = (_atMs: number): boolean => false, stepMs = 200 } = {},
): Seen[] {
  let state = noScene(100);
  const seen: Seen[] = [];
  for (let atMs = 0; atMs < lengthMs; atMs += stepMs) {
    const looked = lookAt(state, { atMs, cells: picture(atMs), attentive: attentive(atMs) }, policy);
    state = looked.state;
    seen.push({ atMs, publish: looked.publish, scene: state.scene });
  }
  return seen;
}

const published = (seen: Seen[]) => seen.filter(({ publish }) => publish !== undefined);

describe('the choice which pictures to publish', () => {
  it('repeats a still scene only as often as freshness demands, all under one number', () => {
    const frames = published(watch(10_000, () => street(0)));
    expect(frames.map(({ publish }) => publish)).toEqual(['first', ...Array(9).fill('refresh')]);
    expect(new Set(frames.map(({ scene }) => scene))).toEqual(new Set([100]));
  });

  it.each([0.5, 1, 2, 5])('publishes a moving scene %f times a second on average', (fps) => {
    const policy = { ...POLICY, frameMs: 1_000 / fps };
    const frames = published(watch(20_000, (atMs) => street(atMs / 200), { policy }));
    expect(Math.abs(frames.length - 20 * fps)).toBeLessThanOrEqual(1);
  });

  it('gives each picture of a moving scene its own number', () => {
    const frames = published(watch(5_000, (atMs) => street(atMs / 200)));
    expect(frames.map(({ scene }) => scene)).toEqual(frames.map((_, index) => 100 + index));
  });

  it('publishes a sudden change at once, between two due frames', () => {
    const seen = watch(5_000, (atMs) => (atMs < 3_200 ? street(0) : grey(200)));
    expect(seen.find(({ atMs }) => atMs === 3_200)?.publish).toBe('sudden');
  });

  it('does not take steady walking for one sudden change after the other', () => {
    const wide = (atMs: number) => street((atMs / 200) * 5);
    const frames = published(watch(20_000, wide));
    expect(frames.filter(({ publish }) => publish === 'sudden').length).toBeLessThanOrEqual(1);
    expect(frames.length).toBeLessThanOrEqual(42);
  });

  it('does not let a flickering scene go beyond twice the rate', () => {
    const flicker = (atMs: number) => grey((atMs / 200) % 2 === 0 ? 20 : 220);
    expect(published(watch(20_000, flicker)).length).toBeLessThanOrEqual(80);
  });

  it('notices drift too slow to see from one look to the next', () => {
    const corner = (level: number) => grey(100).fill(level, 0, 200);
    const frames = watch(60_000, (atMs) => corner(100 + atMs / 1_000));
    expect(frames.at(-1)!.scene).toBeGreaterThan(104);
  });

  it('forgives the exposure its breathing', () => {
    const seen = watch(10_000, (atMs) => grey(100 + ((atMs / 200) % 2) * 6));
    expect(seen.at(-1)!.scene).toBe(100);
  });

  it('always has a frame younger than 300 ms while somebody speaks, captured ten times a second', () => {
    const seen = published(watch(10_000, () => street(0), { attentive: (atMs) => atMs >= 4_000, stepMs: 100 }));
    const during = seen.filter(({ atMs }) => atMs >= 4_000);
    expect(during[0]!.atMs).toBeLessThanOrEqual(4_100);
    for (const [index, frame] of during.slice(1).entries())
      expect(frame.atMs - during[index]!.atMs).toBeLessThanOrEqual(200);
  });

  it('publishes everything due when the threshold is 0', () => {
    const frames = published(watch(10_000, () => street(0), { policy: { ...POLICY, thresholdPercent: 0 } }));
    expect(frames.length).toBeGreaterThanOrEqual(19);
  });

  it('never leaves a longer gap than the refresh and one look, whatever the pictures', () => {
    const pictures = fc.array(fc.integer({ min: 0, max: 255 }).map(grey), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(pictures, (shown) => {
        const frames = published(watch(shown.length * 200, (atMs) => shown[atMs / 200] ?? grey(0)));
        for (const [index, frame] of frames.slice(1).entries()) {
          expect(frame.atMs - frames[index]!.atMs).toBeLessThanOrEqual(1_200);
        }
      }),
    );
  });
});

describe('the difference of two pictures', () => {
  it('is 0 for the same and full scale for its opposite', () => {
    expect(differencePercent(street(3), street(3))).toBe(0);
    expect(differencePercent(grey(0).fill(255, 0, CELLS / 2), grey(255).fill(0, 0, CELLS / 2))).toBeCloseTo(100, 5);
  });

  it('counts a hand in one corner', () => {
    expect(differencePercent(grey(100), grey(100).fill(180, 0, 40))).toBeGreaterThan(POLICY.thresholdPercent);
  });

  it('is the same both ways', () => {
    const pair = fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(pair, (cells) => {
        const a = Uint8Array.from(cells, ([before]) => before);
        const b = Uint8Array.from(cells, ([, now]) => now);
        expect(differencePercent(a, b)).toBeCloseTo(differencePercent(b, a), 9);
      }),
    );
  });
});
