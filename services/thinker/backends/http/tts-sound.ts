import type { GenerateContentResponse } from '@google/genai';
import { readWav, type WavSound } from '#shared/audio/wav.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

/**
 * The sound in a text-to-speech answer. Newer models send a WAV file, older ones bare samples (`audio/L16;codec=pcm;rate=24000`,
 * little-endian in spite of RFC 2586); some label one as the other, so the bytes decide and not the label.
 * Throws RangeError where there is no sound in it.
 */
export function ttsSound(response: GenerateContentResponse): WavSound {
  const sounds = (response.candidates?.[0]?.content?.parts ?? []).flatMap(({ inlineData }) =>
    inlineData?.data ? [{ bytes: Buffer.from(inlineData.data, 'base64'), mimeType: inlineData.mimeType ?? '' }] : [],
  );
  const [first] = sounds;
  if (!first) throw new RangeError('the answer holds no sound');
  const bytes = sounds.length === 1 ? first.bytes : Buffer.concat(sounds.map((sound) => sound.bytes));
  if (bytes.toString('latin1', 0, 4) === 'RIFF') return readWav(bytes);
  const rate = /rate=(\d+)/i.exec(first.mimeType)?.[1];
  const samples = Int16Array.from({ length: bytes.length >> 1 }, (_unused, index) => bytes.readInt16LE(index * 2));
  return { sampleRateHz: rate ? Number(rate) : REPLY_RATE_HZ, samples };
}
