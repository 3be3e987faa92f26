import * as z from 'zod/mini';
import { channel } from './channel.ts';
import { json, pcm } from './codecs.ts';
import { at, milliseconds, u32, unitInterval } from './fields.ts';

/** Evidence and decision of the voice activity detector about one utterance. */
export const Speech = z.object({
  utterance: u32,
  /** possible: one window near the threshold. started: minimum speech reached. discarded: it was a cough or a horn. */
  state: z.enum(['possible', 'started', 'ended', 'discarded']),
  probability: unitInterval,
  speechMs: milliseconds,
  at,
});
export type Speech = z.infer<typeof Speech>;

export const Level = z.object({
  /** dBFS, 0 = full scale. */
  rms: z.number(),
  peak: z.number(),
  probability: unitInterval,
  at,
});
export type Level = z.infer<typeof Level>;

/**
 * Asks the publisher of a PCM stream for its samples from `from` on, and to see the newest frame of every younger stream: so a
 * process that has just started learns what it missed.
 */
export const Resend = z.object({ stream: u32, from: u32 });
export type Resend = z.infer<typeof Resend>;

/**
 * One audio-in process tells another who has the microphone. Positions are samples relative to the end of `samples`, so
 * that the successor can go on at the very next sample.
 */
export const Handover = z.discriminatedUnion('state', [
  z.object({ state: z.enum(['waiting', 'taken', 'gone']), pid: z.int() }),
  z.object({
    state: z.literal('left'),
    pid: z.int(),
    /** The newest samples of the one that leaves: base64 of s16le, 16 kHz mono; at least what is not published yet. */
    samples: z.string().check(z.maxLength(1_000_000)),
    /** When the last of them was captured. */
    at,
    /** Number of the newest utterance. */
    utterance: u32,
    /** The stream that goes on, where there is one. */
    open: z.optional(z.object({ begin: z.int(), published: z.int() })),
    /** Everything before this has been judged by the voice detector. */
    judged: z.int(),
    /** Everything before this belongs to an utterance that is over. */
    spoken: z.int(),
    endpointing: z.object({
      phase: z.enum(['silent', 'possible', 'started']),
      onset: z.int(),
      voicedSamples: z.int(),
      voicedUntil: z.int(),
      startPosition: z.int(),
    }),
  }),
]);
export type Handover = z.infer<typeof Handover>;
export type HandoverState = Extract<Handover, { state: 'left' }>;

export const microphonePcm = channel('audio-in/pcm', pcm, {
  summary: 'Microphone, 16 kHz mono, one stream per utterance with its pre-roll, 20 ms a frame',
  qos: 0,
  publishers: ['audio-in'],
  sensitive: true,
});

export const microphoneResend = channel('audio-in/pcm/resend', json(Resend), {
  summary: 'A subscriber asks for microphone samples it lacks',
  qos: 1,
  publishers: ['thinker', 'router'],
  command: true,
});

export const speech = channel('audio-in/speech', json(Speech), {
  summary: 'What the voice activity detector makes of the microphone',
  qos: 1,
  publishers: ['audio-in'],
});

export const level = channel('audio-in/level', json(Level), {
  summary: 'Loudness of the microphone in dBFS, five a second',
  qos: 0,
  publishers: ['audio-in'],
});

export const handover = channel('audio-in/handover', json(Handover), {
  summary: 'One audio-in process passes the microphone on to the next one (reload, restart)',
  qos: 1,
  publishers: ['audio-in'],
  sensitive: true,
});
