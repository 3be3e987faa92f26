/** Unsent bytes beyond which sound waits: 1.5 s of it in base64. */
export const SOUND_LIMIT_BYTES = 64_000;
/** Unsent bytes beyond which a picture is left out, so that it does not hold up the sound behind it. */
export const PICTURE_LIMIT_BYTES = 16_000;
/** How soon the network is asked again whether it takes more. */
export const RETRY_MS = 20;
/** At most two pictures a second; the model looks at one. */
export const PICTURE_PERIOD_MS = 500;
