/** What Gemini Live takes and what every microphone is resampled to. */
export const MICROPHONE_RATE_HZ = 16_000;
/** What Gemini Live sends and what every reply is published at. */
export const REPLY_RATE_HZ = 24_000;
/** One microphone frame on the bus: 20 ms, the lower end of the 20–40 ms that the Live API advises. */
export const MICROPHONE_FRAME_SAMPLES = MICROPHONE_RATE_HZ / 50;
