import * as z from 'zod/mini';

/** Unix time in milliseconds, fractions allowed. */
export const at = z.number().check(z.nonnegative());
/** Turn, utterance and sample numbers travel as u32 in PCM frames. */
export const u32 = z.int().check(z.minimum(0), z.maximum(0xffff_ffff));
export const unitInterval = z.number().check(z.minimum(0), z.maximum(1));
/** Identifiers chosen by the sender; echoed in answers and logs. */
export const id = z.string().check(z.minLength(1), z.maxLength(200));
/** Longer texts are no speech: at 15 characters a second this is half an hour. */
export const text = z.string().check(z.maxLength(32_000));
export const milliseconds = z.number().check(z.nonnegative());
