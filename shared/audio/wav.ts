/** PCM of a WAV file, brought to mono 16 bit. */
export interface WavSound {
  sampleRateHz: number;
  samples: Int16Array;
}

export const WAV_HEADER_BYTES = 44;
const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
const FORMAT_EXTENSIBLE = 0xfffe;

/**
 * Reads a RIFF/WAVE file of 8, 16, 24 or 32 bit PCM or 32 bit float with any number of channels (averaged to one).
 * A file whose header promises more than there is (a recording that was cut) gives what is there.
 * Throws RangeError that says what is wrong with it.
 */
export function readWav(file: Uint8Array): WavSound {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new RangeError('it is no WAV file (RIFF/WAVE is missing at the beginning)');
  }
  let format: { code: number; channels: number; sampleRateHz: number; bits: number } | undefined;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const chunk = bytes.toString('latin1', offset, offset + 4);
    const length = bytes.readUInt32LE(offset + 4);
    const body = bytes.subarray(offset + 8, offset + 8 + length);
    if (chunk === 'fmt ' && body.length >= 16) {
      const code = body.readUInt16LE(0);
      format = {
        code: code === FORMAT_EXTENSIBLE && body.length >= 26 ? body.readUInt16LE(24) : code,
        channels: body.readUInt16LE(2),
        sampleRateHz: body.readUInt32LE(4),
        bits: body.readUInt16LE(14),
      };
    } else if (chunk === 'data') {
      if (!format) throw new RangeError('its data comes before its format');
      return { sampleRateHz: format.sampleRateHz, samples: toMono(body, format) };
    }
    offset += 8 + length + (length % 2);
  }
  throw new RangeError('it holds no sound (no data chunk)');
}

function toMono(
  body: Buffer,
  format: { code: number; channels: number; sampleRateHz: number; bits: number },
): Int16Array {
  const read = sampleReader(body, format.code, format.bits);
  if (!read || format.channels === 0 || format.sampleRateHz === 0) {
    throw new RangeError(
      `it has format ${format.code}, ${format.bits} bit, ${format.channels} channels at ${format.sampleRateHz} Hz; 16 bit PCM is the common form`,
    );
  }
  // Nearly all there is; sample by sample a long sentence would keep a sound card waiting.
  if (format.code === FORMAT_PCM && format.bits === 16 && format.channels === 1) {
    return new Int16Array(new Uint8Array(body.subarray(0, body.length - (body.length % 2))).buffer);
  }
  const bytesPerSample = format.bits / 8;
  const mono = new Int16Array(Math.floor(body.length / bytesPerSample / format.channels));
  for (let frame = 0; frame < mono.length; frame += 1) {
    let sum = 0;
    for (let channel = 0; channel < format.channels; channel += 1) {
      sum += read((frame * format.channels + channel) * bytesPerSample);
    }
    mono[frame] = Math.max(-32768, Math.min(32767, Math.round(sum / format.channels)));
  }
  return mono;
}

/** Reads the sample at a byte offset, scaled to 16 bit. */
function sampleReader(body: Buffer, code: number, bits: number): ((offset: number) => number) | undefined {
  if (code === FORMAT_FLOAT && bits === 32) return (offset) => body.readFloatLE(offset) * 32767;
  if (code !== FORMAT_PCM) return undefined;
  if (bits === 8) return (offset) => ((body[offset] ?? 128) - 128) * 256;
  if (bits === 16) return (offset) => body.readInt16LE(offset);
  if (bits === 24) return (offset) => body.readIntLE(offset, 3) / 256;
  if (bits === 32) return (offset) => body.readInt32LE(offset) / 65_536;
  return undefined;
}

/** The 44-byte header of a mono s16le file. @param sampleCount samples that follow (may be what is there so far). */
export function wavHeader(sampleRateHz: number, sampleCount: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + sampleCount * 2, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(FORMAT_PCM, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(sampleCount * 2, 40);
  return header;
}

/** A whole mono s16le file. */
export function writeWav({ sampleRateHz, samples }: WavSound): Buffer {
  const body = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return Buffer.concat([wavHeader(sampleRateHz, samples.length), body]);
}
