import type { Picture } from './camera.ts';

const WIDTH = 640;
const HEIGHT = 480;
const SQUARE = 120;
/** Fast enough that every frame of 2 a second differs plainly from the one before. */
const SQUARE_PX_PER_S = 160;

type Rgb = readonly [red: number, green: number, blue: number];
const SKY: Rgb = [112, 160, 208];
const GROUND: Rgb = [96, 120, 72];
const BANNER: Rgb = [24, 24, 24];
const WHITE: Rgb = [255, 255, 255];
const RED: Rgb = [216, 32, 32];

/** The classic 5×7 dot matrix: five columns a letter, lowest bit on top. Only the letters that are written. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  A: [0x7e, 0x11, 0x11, 0x11, 0x7e],
  C: [0x3e, 0x41, 0x41, 0x41, 0x22],
  D: [0x7f, 0x41, 0x41, 0x22, 0x1c],
  E: [0x7f, 0x49, 0x49, 0x49, 0x41],
  I: [0x00, 0x41, 0x7f, 0x41, 0x00],
  L: [0x7f, 0x40, 0x40, 0x40, 0x40],
  M: [0x7f, 0x02, 0x0c, 0x02, 0x7f],
  P: [0x7f, 0x09, 0x09, 0x09, 0x06],
  R: [0x7f, 0x09, 0x19, 0x29, 0x46],
  S: [0x46, 0x49, 0x49, 0x49, 0x31],
  T: [0x01, 0x01, 0x7f, 0x01, 0x01],
  U: [0x3f, 0x40, 0x40, 0x40, 0x3f],
  0: [0x3e, 0x51, 0x49, 0x45, 0x3e],
  1: [0x00, 0x42, 0x7f, 0x40, 0x00],
  2: [0x42, 0x61, 0x51, 0x49, 0x46],
  3: [0x21, 0x41, 0x45, 0x4b, 0x31],
  4: [0x18, 0x14, 0x12, 0x7f, 0x10],
  5: [0x27, 0x45, 0x45, 0x45, 0x39],
  6: [0x3c, 0x4a, 0x49, 0x49, 0x30],
  7: [0x01, 0x71, 0x09, 0x05, 0x03],
  8: [0x36, 0x49, 0x49, 0x49, 0x36],
  9: [0x06, 0x49, 0x49, 0x29, 0x1e],
  ':': [0x00, 0x36, 0x36, 0x00, 0x00],
};
const GLYPH_ADVANCE = 6;
const LETTER_SCALE = 5;

/**
 * A moving picture for machines without a camera: sky, ground, a red square that wanders, the time of day in UTC, and a
 * banner that says what it is. Drawn by hand because SVG text needs fonts, which a bare machine does not have.
 * @param atMs Unix time in milliseconds; equal times give equal pictures.
 */
export function drawTestPicture(atMs: number): Extract<Picture, { kind: 'rgb' }> {
  const bytes = Buffer.allocUnsafe(WIDTH * HEIGHT * 3);
  fill(bytes, SKY, 0, 0, WIDTH, HEIGHT / 2);
  fill(bytes, GROUND, 0, HEIGHT / 2, WIDTH, HEIGHT / 2);
  fill(bytes, RED, squareLeft(atMs), HEIGHT / 2 - SQUARE / 2, SQUARE, SQUARE);
  fill(bytes, BANNER, 0, 0, WIDTH, 90);
  write(bytes, 'SIMULATED TEST', 110, 8);
  write(bytes, 'PICTURE', 110, 50);
  write(bytes, new Date(atMs).toISOString().slice(11, 19), 350, 50);
  return { kind: 'rgb', bytes, width: WIDTH, height: HEIGHT };
}

/** To and fro between the edges. */
function squareLeft(atMs: number): number {
  const range = WIDTH - SQUARE;
  const travelled = ((atMs / 1_000) * SQUARE_PX_PER_S) % (2 * range);
  return Math.floor(travelled < range ? travelled : 2 * range - travelled);
}

function fill(bytes: Buffer, colour: Rgb, left: number, top: number, width: number, height: number): void {
  const first = (top * WIDTH + left) * 3;
  const row = bytes.subarray(first, first + width * 3);
  row.fill(Uint8Array.from(colour));
  for (let y = 1; y < height; y += 1) row.copy(bytes, first + y * WIDTH * 3);
}

function write(bytes: Buffer, text: string, left: number, top: number): void {
  for (const [index, letter] of [...text].entries()) {
    for (const [column, dots] of (GLYPHS[letter] ?? []).entries()) {
      const x = left + (index * GLYPH_ADVANCE + column) * LETTER_SCALE;
      for (let row = 0; row < 7; row += 1) {
        if (dots & (1 << row)) fill(bytes, WHITE, x, top + row * LETTER_SCALE, LETTER_SCALE, LETTER_SCALE);
      }
    }
  }
}
