/** What CORTEX_AUDIO_INPUT, CORTEX_AUDIO_OUTPUT and CORTEX_CAMERA may say, as values the adapters switch on. */
export type AudioInput =
  | { kind: 'auto' }
  | { kind: 'off' }
  | { kind: 'portaudio'; device?: string }
  | { kind: 'alsa'; pcm: string }
  | { kind: 'file'; path: string; loop: boolean };

export type AudioOutput =
  | { kind: 'auto' }
  | { kind: 'null' }
  | { kind: 'portaudio'; device?: string }
  | { kind: 'alsa'; pcm: string }
  | { kind: 'file'; path: string };

export type Camera =
  | { kind: 'auto' }
  | { kind: 'off' }
  | { kind: 'test' }
  | { kind: 'rpicam' }
  | { kind: 'v4l2'; device: string }
  | { kind: 'file'; path: string }
  | { kind: 'topic'; topic: string };

/** Undefined where the text is none of the forms. The rest after the first colon may itself hold colons (`alsa:plughw:1,0`). */
export function parseAudioInput(text: string): AudioInput | undefined {
  const [kind, rest] = split(text);
  if (kind === 'file-loop' && rest) return { kind: 'file', path: rest, loop: true };
  if (kind === 'file' && rest) return { kind: 'file', path: rest, loop: false };
  if (kind === 'off' && rest === undefined) return { kind };
  return parseSoundDevice(kind, rest);
}

/** As `parseAudioInput`. */
export function parseAudioOutput(text: string): AudioOutput | undefined {
  const [kind, rest] = split(text);
  if (kind === 'file' && rest) return { kind, path: rest };
  if (kind === 'null' && rest === undefined) return { kind };
  return parseSoundDevice(kind, rest);
}

/** As `parseAudioInput`. */
export function parseCamera(text: string): Camera | undefined {
  const [kind, rest] = split(text);
  if (rest === undefined) {
    return kind === 'auto' || kind === 'off' || kind === 'test' || kind === 'rpicam' ? { kind } : undefined;
  }
  if (rest === '') return undefined;
  if (kind === 'v4l2') return { kind, device: rest };
  if (kind === 'file') return { kind, path: rest };
  if (kind === 'topic') return { kind, topic: rest };
  return undefined;
}

type SoundDevice = Extract<AudioInput, { kind: 'auto' | 'portaudio' | 'alsa' }>;

function parseSoundDevice(kind: string, rest: string | undefined): SoundDevice | undefined {
  if (kind === 'auto' && rest === undefined) return { kind };
  if (kind === 'portaudio' && rest !== '') return rest === undefined ? { kind } : { kind, device: rest };
  if (kind === 'alsa' && rest) return { kind, pcm: rest };
  return undefined;
}

function split(text: string): [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}
