/**
 * The PCM frame: a 24-byte little-endian header, then 16-bit little-endian signed mono samples.
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | u8 | version, 1 |
 * | 1 | u8 | kind, 1 = PCM s16le mono |
 * | 2 | u16 | flags: 1 first of its stream, 2 last (may hold no sample), 4 sent again on request |
 * | 4 | u32 | sample rate in Hz |
 * | 8 | u32 | stream: utterance or turn number |
 * | 12 | u32 | position: index of the first sample in the stream |
 * | 16 | u64 | capture or arrival time of the first sample, Unix time in microseconds |
 */
export interface PcmFrame {
  sampleRateHz: number;
  /** Utterance number or turn number; rises over restarts of the publisher. */
  stream: number;
  /** Index of `samples[0]` in the stream. */
  position: number;
  /** Capture or arrival time of the first sample, Unix time in microseconds (a safe integer until the year 2255). */
  timeUs: number;
  first: boolean;
  last: boolean;
  resent: boolean;
  samples: Int16Array;
}

export const PCM_HEADER_BYTES = 24;
const VERSION = 1;
const KIND_S16LE_MONO = 1;
const FLAG_FIRST = 1;
const FLAG_LAST = 2;
const FLAG_RESENT = 4;
const KNOWN_FLAGS = FLAG_FIRST | FLAG_LAST | FLAG_RESENT;
const U32_MAX = 0xffff_ffff;
/** The lowest and highest rates any sound card here speaks. */
const MIN_RATE_HZ = 4_000;
const MAX_RATE_HZ = 384_000;

/** Bytes of one frame. Throws RangeError where a field does not fit its place in the header. */
export function encodePcmFrame(frame: PcmFrame): Buffer {
  const payload = Buffer.allocUnsafe(PCM_HEADER_BYTES + frame.samples.length * 2);
  payload[0] = VERSION;
  payload[1] = KIND_S16LE_MONO;
  payload.writeUInt16LE(
    (frame.first ? FLAG_FIRST : 0) | (frame.last ? FLAG_LAST : 0) | (frame.resent ? FLAG_RESENT : 0),
    2,
  );
  payload.writeUInt32LE(frame.sampleRateHz, 4);
  payload.writeUInt32LE(frame.stream, 8);
  payload.writeUInt32LE(frame.position, 12);
  payload.writeBigUInt64LE(BigInt(Math.round(frame.timeUs)), 16);
  const bytes = Buffer.from(frame.samples.buffer, frame.samples.byteOffset, frame.samples.byteLength);
  bytes.copy(payload, PCM_HEADER_BYTES);
  return payload;
}

/**
 * The frame in `payload`. The samples are a copy, aligned and safe to keep.
 * Throws RangeError that says which field is wrong; such a frame is dropped and counted, never played.
 */
export function decodePcmFrame(payload: Uint8Array): PcmFrame {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length < PCM_HEADER_BYTES) throw new RangeError(`PCM frame of ${bytes.length} bytes; the header needs 24`);
  if (bytes[0] !== VERSION) throw new RangeError(`PCM frame version ${bytes[0]}; this program reads version 1`);
  if (bytes[1] !== KIND_S16LE_MONO) throw new RangeError(`PCM frame kind ${bytes[1]}; only 1 (s16le mono) is defined`);
  const flags = bytes.readUInt16LE(2);
  if ((flags & ~KNOWN_FLAGS) !== 0) throw new RangeError(`PCM frame flags ${flags} hold an undefined bit`);
  const sampleRateHz = bytes.readUInt32LE(4);
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ) {
    throw new RangeError(`PCM frame sample rate ${sampleRateHz} Hz is outside 4000 to 384000`);
  }
  const sampleBytes = bytes.length - PCM_HEADER_BYTES;
  if (sampleBytes % 2 !== 0)
    throw new RangeError(`PCM frame with half a sample (${sampleBytes} bytes after the header)`);
  const position = bytes.readUInt32LE(12);
  if (position + sampleBytes / 2 > U32_MAX) throw new RangeError(`PCM frame position ${position} runs past 32 bits`);
  const timeUs = bytes.readBigUInt64LE(16);
  if (timeUs > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`PCM frame time ${timeUs} µs is not a time`);
  const samples = new Int16Array(sampleBytes / 2);
  Buffer.from(samples.buffer).set(bytes.subarray(PCM_HEADER_BYTES));
  return {
    sampleRateHz,
    stream: bytes.readUInt32LE(8),
    position,
    timeUs: Number(timeUs),
    first: (flags & FLAG_FIRST) !== 0,
    last: (flags & FLAG_LAST) !== 0,
    resent: (flags & FLAG_RESENT) !== 0,
    samples,
  };
}
