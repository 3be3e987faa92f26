import { readdirSync } from 'node:fs';
import type { Settings } from '#shared/config/settings.ts';
import { type Check, failed, ok, optional } from './check.ts';
import { outputOf } from './run-program.ts';

/** Microphone and loudspeaker as ALSA and the sound server (PulseAudio or PipeWire) know them. */
export async function checkSound(settings: Settings): Promise<Check[]> {
  const [capture, playback, sources, sinks, defaultSource, defaultSink] = await Promise.all([
    outputOf('arecord', ['-l']),
    outputOf('aplay', ['-l']),
    outputOf('pactl', ['list', 'short', 'sources']),
    outputOf('pactl', ['list', 'short', 'sinks']),
    outputOf('pactl', ['get-default-source']),
    outputOf('pactl', ['get-default-sink']),
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
    echoRow(settings, { sources, sinks, defaultSource, defaultSink }),
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

/** What `pactl` printed: two lists, two names. */
interface SoundServer {
  sources: string | undefined;
  sinks: string | undefined;
  defaultSource: string | undefined;
  defaultSink: string | undefined;
}

/** With ECHO=aec both directions have to go through the canceller: it cannot take away what it does not know. */
export function echoRow(settings: Pick<Settings, 'echo' | 'audioInput' | 'audioOutput'>, server: SoundServer): Check {
  const subject = 'echo cancellation';
  const [source, sink] = [cancellerIn(server.sources), cancellerIn(server.sinks)];
  const remedy = 'pactl load-module module-echo-cancel aec_method=webrtc (docs/raspberry-pi.md makes it permanent)';
  if (settings.echo !== 'aec') {
    return source
      ? ok(subject, `${source}; ECHO=${settings.echo} does without`)
      : optional(subject, `none; ECHO=${settings.echo} does without`, `only for loudspeakers: ${remedy}`);
  }
  if (!source || !sink) return failed(subject, 'ECHO=aec, but the sound server has no echo canceller', remedy);
  const goesRound = [
    { name: 'CORTEX_AUDIO_INPUT', device: settings.audioInput },
    { name: 'CORTEX_AUDIO_OUTPUT', device: settings.audioOutput },
  ].find(({ device }) => device.kind === 'alsa' && !/^(default|pulse|pipewire)$/.test(device.pcm));
  if (goesRound) {
    return failed(subject, `ECHO=aec, but ${goesRound.name} names a device behind the canceller`, 'set it to auto');
  }
  if (server.defaultSource?.trim() !== source) {
    return failed(subject, 'ECHO=aec, but another source is the default', `pactl set-default-source ${source}`);
  }
  if (server.defaultSink?.trim() !== sink) {
    return failed(subject, 'ECHO=aec, but another sink is the default', `pactl set-default-sink ${sink}`);
  }
  return ok(subject, `${source}, ${sink}`);
}

/** PulseAudio tells the module in its list; PipeWire only the name, which docs/raspberry-pi.md chooses. */
function cancellerIn(list: string | undefined): string | undefined {
  const line = (list ?? '').split('\n').find((each) => /echo-?cancel/.test(each) && !/\.monitor\t/.test(each));
  return line?.split('\t')[1];
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
