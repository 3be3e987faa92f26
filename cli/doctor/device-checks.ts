import { readdirSync } from 'node:fs';
import type { Settings } from '#shared/config/settings.ts';
import { type Check, failed, ok, optional } from './check.ts';
import { outputOf } from './run-program.ts';

/** Microphone and loudspeaker as ALSA and the sound server (PulseAudio or PipeWire) know them. */
export async function checkSound(settings: Settings): Promise<Check[]> {
  const [capture, playback, sources, sinks] = await Promise.all([
    outputOf('arecord', ['-l']),
    outputOf('aplay', ['-l']),
    outputOf('pactl', ['list', 'short', 'sources']),
    outputOf('pactl', ['list', 'short', 'sinks']),
  ]);
  return [
    deviceRow(
      'microphone',
      devices(capture, sources, /\.monitor\t/),
      'plug one in, or set CORTEX_AUDIO_INPUT; until then a spoken sample question is used',
    ),
    deviceRow(
      'loudspeaker',
      devices(playback, sinks),
      'plug headphones in, or set CORTEX_AUDIO_OUTPUT; until then replies go to a WAV file in the state folder',
    ),
    echoRow(settings, sources),
  ];
}

function devices(alsa: string | undefined, server: string | undefined, without?: RegExp): string[] {
  const served = (server ?? '').split('\n').filter((line) => line && !without?.test(`${line}\t`));
  const cards = [...(alsa ?? '').matchAll(/^card \d+: \S+ \[(.+?)\]/gm)].map(([, name]) => name ?? '');
  return [...served.map((line) => line.split('\t')[1] ?? line), ...cards];
}

function deviceRow(subject: string, found: readonly string[], remedy: string): Check {
  return found.length > 0 ? ok(subject, found.join(', ')) : optional(subject, 'none found', remedy);
}

function echoRow(settings: Settings, sources: string | undefined): Check {
  const canceller = (sources ?? '').split('\n').find((line) => /echo-?cancel/.test(line));
  if (canceller) return ok('echo cancellation', canceller.split('\t')[1] ?? canceller);
  const remedy = 'pactl load-module module-echo-cancel aec_method=webrtc (docs/raspberry-pi.md makes it permanent)';
  return settings.echo === 'aec'
    ? failed('echo cancellation', 'ECHO=aec, but the sound server has no echo canceller', remedy)
    : optional('echo cancellation', `none; ECHO=${settings.echo} does without`, `only for loudspeakers: ${remedy}`);
}

export async function checkCamera(settings: Settings): Promise<Check> {
  const remedy = 'plug one in, or set CORTEX_CAMERA; until then a moving test picture is used';
  if (settings.camera.kind !== 'auto') return ok('camera', `CORTEX_CAMERA=${settings.camera.kind}`);
  const listed = await outputOf('rpicam-vid', ['--list-cameras']);
  if (listed && /^\d+ :/m.test(listed)) return ok('camera', /^\d+ : (.+)$/m.exec(listed)?.[1] ?? 'rpicam');
  const video = readdirSync('/dev').filter((name) => /^video\d+$/.test(name));
  if (video.length === 0) return optional('camera', 'none found', remedy);
  const ffmpeg = await outputOf('ffmpeg', ['-version']);
  return ffmpeg
    ? ok('camera', video.map((name) => `/dev/${name}`).join(', '))
    : optional('camera', `/dev/${video[0]}, but ffmpeg is not installed`, 'apt-get install ffmpeg');
}
