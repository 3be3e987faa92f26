import * as z from 'zod/mini';
import { LOG_LEVELS } from '#shared/log/log.ts';
import { parseAudioInput, parseAudioOutput, parseCamera } from './devices.ts';

/** One setting: its environment name, how it is read, and the sentence that documents it. */
export interface Setting<Value> {
  readonly name: string;
  readonly schema: z.ZodMiniType<Value, string>;
  /** As written in the environment; undefined where there is no value by default. */
  readonly fallback: string | undefined;
  readonly doc: string;
  readonly secret: boolean;
}

function setting<Value>(
  name: string,
  schema: z.ZodMiniType<Value, string>,
  fallback: string,
  doc: string,
): Setting<Value> {
  return { name, schema, fallback, doc, secret: false };
}

function optional<Value>(
  name: string,
  schema: z.ZodMiniType<Value, string>,
  doc: string,
  { secret = false } = {},
): Setting<Value | undefined> {
  return { name, schema, fallback: undefined, doc, secret };
}

const word = z.string().check(z.minLength(1, 'must not be empty'));
const flag = z.pipe(
  z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], 'must be true or false'),
  z.transform((text) => ['true', '1', 'yes', 'on'].includes(text)),
);

function number(minimum: number, maximum: number, unit = ''): z.ZodMiniType<number, string> {
  const range = `must be a number from ${minimum} to ${maximum}${unit && ` ${unit}`}`;
  return z.pipe(
    z.string().check(z.regex(/^-?\d+(\.\d+)?$/, range)),
    z.pipe(z.transform(Number), z.number().check(z.minimum(minimum, range), z.maximum(maximum, range))),
  );
}

/** As `number`, without a fraction: ports, bytes, pixels and what is counted in samples. */
function whole(minimum: number, maximum: number, unit = ''): z.ZodMiniType<number, string> {
  const range = `must be a whole number from ${minimum} to ${maximum}${unit && ` ${unit}`}`;
  return z.pipe(
    z.string().check(z.regex(/^\d+$/, range)),
    z.pipe(z.transform(Number), z.number().check(z.minimum(minimum, range), z.maximum(maximum, range))),
  );
}

function port(): z.ZodMiniType<number, string> {
  return whole(0, 65_535);
}

function url(protocols: readonly string[]): z.ZodMiniType<string, string> {
  const wanted = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
  return word.check(z.refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), wanted));
}

function parsed<Value>(parse: (text: string) => Value | undefined, forms: string): z.ZodMiniType<Value, string> {
  return z.pipe(
    word,
    z.transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: `must be one of ${forms}`, input: text });
      return z.NEVER;
    }),
  );
}

/** Every setting there is. The table in docs/protocol.md and the unknown-name check are made from this object. */
export const SETTINGS = {
  geminiApiKey: optional(
    'GEMINI_API_KEY',
    word,
    'Without it the stack talks to the local simulator and says SIMULATED everywhere',
    { secret: true },
  ),
  geminiBaseUrl: optional(
    'GEMINI_BASE_URL',
    url(['http:', 'https:']),
    'Base URL for the Live WebSocket and HTTP calls; when set, no simulator starts',
  ),
  geminiLiveModel: setting('GEMINI_LIVE_MODEL', word, 'gemini-3.8-live', 'Model of the Live session'),
  geminiHttpModel: setting('GEMINI_HTTP_MODEL', word, 'gemini-3.8-flash', 'Model of the HTTP fallback'),
  geminiTtsModel: setting('GEMINI_TTS_MODEL', word, 'gemini-3.8-flash-tts', 'Voice of the HTTP fallback'),
  geminiVoice: setting('GEMINI_VOICE', word, 'Kore', 'Prebuilt voice of both'),
  geminiTemperature: setting('GEMINI_TEMPERATURE', number(0, 2), '0.7', 'Sampling temperature'),
  geminiMaxTokens: setting(
    'GEMINI_MAX_TOKENS',
    whole(1, 65_536),
    '1024',
    'Longest reply in tokens; 25 tokens are a second of speech',
  ),
  geminiIdleCloseMinutes: setting(
    'GEMINI_IDLE_CLOSE_MIN',
    number(0, 1_440, 'minutes'),
    '10',
    'The Live connection is closed after this long without a turn; 0 never closes it',
  ),
  layer2Mode: setting(
    'LAYER2_MODE',
    z.enum(['live', 'legacy'], 'must be live or legacy'),
    'live',
    '`live`, or `legacy` for the HTTP pipeline only',
  ),
  enableLiveApi: setting('ENABLE_LIVE_API', flag, 'true', '`false` is the same as `LAYER2_MODE=legacy`'),
  mqttUrl: optional(
    'CORTEX_MQTT_URL',
    url(['mqtt:', 'mqtts:', 'ws:', 'wss:']),
    'An existing broker; when set, the local one is not started',
  ),
  mqttUsername: optional('CORTEX_MQTT_USERNAME', word, 'Operator account; generated when unset'),
  mqttPassword: optional('CORTEX_MQTT_PASSWORD', word, 'Its password; generated when unset', { secret: true }),
  mqttHost: setting(
    'CORTEX_MQTT_HOST',
    word,
    '127.0.0.1',
    'Where the local broker listens; anything but loopback demands passwords and TLS',
  ),
  mqttPort: setting('CORTEX_MQTT_PORT', port(), '1883', 'Port of the local broker'),
  mqttTlsCert: optional('CORTEX_MQTT_TLS_CERT', word, 'PEM certificate of the local broker; demanded beyond loopback'),
  mqttTlsKey: optional('CORTEX_MQTT_TLS_KEY', word, 'PEM key of the local broker; demanded beyond loopback'),
  httpPort: setting(
    'CORTEX_HTTP_PORT',
    port(),
    '8080',
    'Dashboard, `/mqtt` (WebSocket), `/metrics`, `/healthz`; loopback only',
  ),
  topicPrefix: setting(
    'CORTEX_TOPIC_PREFIX',
    word.check(
      z.regex(/^[^/+#\0$][^+#\0]*[^/+#\0]$|^[^/+#\0$]$/, 'must be a topic without +, # or a slash at either end'),
    ),
    'cortex',
    'One prefix per device, e.g. `cortex/pi-07`',
  ),
  audioInput: setting(
    'CORTEX_AUDIO_INPUT',
    parsed(parseAudioInput, 'auto, portaudio, portaudio:NAME, alsa:PCM, file:PATH.wav, file-loop:PATH.wav, off'),
    'auto',
    'Microphone: `auto`, `portaudio`, `portaudio:NAME`, `alsa:PCM`, `file:PATH.wav` (once), `file-loop:PATH.wav`, `off`',
  ),
  audioOutput: setting(
    'CORTEX_AUDIO_OUTPUT',
    parsed(parseAudioOutput, 'auto, portaudio, portaudio:NAME, alsa:PCM, file:PATH.wav, null'),
    'auto',
    'Loudspeaker or headphones: `auto`, `portaudio`, `portaudio:NAME`, `alsa:PCM`, `file:PATH.wav`, `null`',
  ),
  camera: setting(
    'CORTEX_CAMERA',
    parsed(parseCamera, 'auto, rpicam, v4l2:/dev/videoN, file:PATH, test, topic:TOPIC, off'),
    'auto',
    'Camera: `auto`, `rpicam`, `v4l2:/dev/videoN`, `file:PATH` (image, folder or video), `test`, `topic:TOPIC`, `off`',
  ),
  cameraRotation: setting(
    'CORTEX_CAMERA_ROTATION',
    z.pipe(z.enum(['0', '90', '180', '270'], 'must be 0, 90, 180 or 270'), z.transform(Number)),
    '0',
    'Degrees the picture is turned clockwise (0, 90, 180, 270), for a camera that is mounted on its side',
  ),
  rpicamArguments: optional(
    'CORTEX_RPICAM_ARGUMENTS',
    word,
    'Added to the rpicam-vid command or put in place of our value, e.g. `--camera 1 --mode 2304:1296:10:P`',
  ),
  videoFps: setting('CORTEX_VIDEO_FPS', number(0.2, 5, 'frames a second'), '2', 'Pictures a second of a moving scene'),
  videoSizePx: setting('CORTEX_VIDEO_SIZE', whole(64, 2_048, 'pixels'), '768', 'Longer side of a published picture'),
  videoQuality: setting('CORTEX_VIDEO_QUALITY', whole(10, 95), '70', 'JPEG quality of a published picture'),
  sceneThresholdPercent: setting(
    'CORTEX_SCENE_THRESHOLD',
    number(0, 100, 'percent'),
    '1.5',
    'Difference of brightness from which a scene counts as changed; 0 publishes every picture',
  ),
  sceneRefreshMs: setting(
    'CORTEX_SCENE_REFRESH_MS',
    whole(200, 1_500, 'ms'),
    '1000',
    'An unchanged scene is published at least this often, so that its picture never counts as stale',
  ),
  sceneResendMs: setting(
    'CORTEX_SCENE_RESEND_MS',
    whole(0, 60_000, 'ms'),
    '5000',
    'An unchanged scene goes to Gemini again after this long within one question; 0 sends every picture. The end of a question always has one no older than 300 ms',
  ),
  simulatorPort: setting(
    'CORTEX_SIM_PORT',
    port(),
    '9099',
    'Where the local Gemini simulator listens when there is no key; loopback only',
  ),
  simulatorScenario: optional(
    'CORTEX_SIM_SCENARIO',
    word,
    'Faults the simulator shall play: a ready-made scenario by name, or a JSON file',
  ),
  stateDir: setting(
    'CORTEX_STATE_DIR',
    word,
    '.cortex',
    'What outlives a process: session handle, conversation, credentials, retained values, models, logs, recordings',
  ),
  modelsDir: optional('CORTEX_MODELS_DIR', word, 'Offline speech models; default: `models` in the state folder'),
  vadMode: setting(
    'VAD_MODE',
    z.enum(['client', 'server'], 'must be client or server'),
    'client',
    '`client` (local Silero decides the turns) or `server` (Gemini does)',
  ),
  vadThreshold: setting('VAD_THRESHOLD', number(0.05, 0.95), '0.5', 'Speech probability that counts as speech'),
  vadMinSpeechMs: setting('VAD_MIN_SPEECH_MS', whole(0, 5_000, 'ms'), '250', 'Shorter speech is discarded'),
  vadMinSilenceMs: setting('VAD_MIN_SILENCE_MS', whole(50, 10_000, 'ms'), '500', 'Silence that ends an utterance'),
  vadPrerollMs: setting(
    'VAD_PREROLL_MS',
    whole(0, 2_000, 'ms'),
    '300',
    'Audio from before the onset that belongs to the utterance',
  ),
  bargeIn: setting(
    'BARGE_IN',
    z.enum(['pause', 'duck', 'off'], 'must be pause, duck or off'),
    'pause',
    'What possible speech does to the reply: `pause`, `duck`, `off`',
  ),
  echo: setting(
    'ECHO',
    z.enum(['headphones', 'aec', 'half-duplex'], 'must be headphones, aec or half-duplex'),
    'headphones',
    'What keeps the assistant from hearing itself: `headphones`, `aec` (the system echo canceller), `half-duplex`',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
    'info',
    `Least severe log line written: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}`,
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type Settings = {
  readonly [Key in keyof typeof SETTINGS]: (typeof SETTINGS)[Key] extends Setting<infer Value> ? Value : never;
};
