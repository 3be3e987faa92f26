/** What can be told from a picture's pixels without understanding it. */
export interface Picture {
  widthPx: number;
  heightPx: number;
  bytes: number;
  /** 0 black to 1 white. */
  brightness: number;
  /** Name of the colour that most of the picture has. */
  colour: string;
}

/** Side of the thumbnail the colours are counted on. */
const SAMPLE_PX = 24;

/** Looks at a JPEG, PNG or WebP. Rejects where the bytes are no picture. */
export async function lookAt(bytes: Buffer): Promise<Picture> {
  // Loaded on the first picture: sharp is 20 MB that a conversation without a camera never needs.
  const { default: sharp } = await import('sharp');
  // One small picture at a time: libvips' cache and thread pool would only hold memory.
  sharp.cache(false);
  sharp.concurrency(1);
  const { width: widthPx = 0, height: heightPx = 0 } = await sharp(bytes).metadata();
  const pixels = await sharp(bytes)
    .resize(SAMPLE_PX, SAMPLE_PX, { fit: 'fill' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const votes = new Map<string, number>();
  let light = 0;
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3);
    // ITU-R BT.709 luma.
    light += (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
    const name = colourName(red, green, blue);
    votes.set(name, (votes.get(name) ?? 0) + 1);
  }
  const [colour = 'black'] = [...votes].toSorted((one, other) => other[1] - one[1])[0] ?? [];
  return { widthPx, heightPx, bytes: bytes.length, brightness: light / (pixels.length / 3), colour };
}

/** Upper ends of the hues in degrees. */
const HUES: readonly [number, string][] = [
  [15, 'red'],
  [45, 'orange'],
  [70, 'yellow'],
  [165, 'green'],
  [195, 'cyan'],
  [260, 'blue'],
  [290, 'purple'],
  [335, 'pink'],
  [360, 'red'],
];

/** A plain word for a colour. @param red @param green @param blue 0 to 255. */
export function colourName(red: number, green: number, blue: number): string {
  const highest = Math.max(red, green, blue);
  const spread = highest - Math.min(red, green, blue);
  if (highest < 48) return 'black';
  if (spread < highest * 0.18) return highest > 215 ? 'white' : 'grey';
  const sector =
    highest === red
      ? ((green - blue) / spread + 6) % 6
      : highest === green
        ? (blue - red) / spread + 2
        : (red - green) / spread + 4;
  const hueDegrees = sector * 60;
  const name = HUES.find(([end]) => hueDegrees <= end)?.[1] ?? 'red';
  return name === 'orange' && highest < 170 ? 'brown' : name;
}
