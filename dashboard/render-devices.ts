import { element, setText } from './elements.ts';
import { duration } from './format.ts';
import type { DashboardState } from './state.ts';

/** The quietest level the meter shows, in dBFS; a silent room is near -60. */
const FLOOR_DBFS = -70;
/** A level older than this says nothing of now. */
const STALE_MS = 2_000;
const SPEECH_WORDS = {
  possible: 'perhaps somebody speaks',
  started: 'somebody speaks',
  ended: 'quiet',
  discarded: 'that was no speech',
} as const;

/** Microphone meter and speaker. */
export function renderDevices({ latest }: DashboardState, nowMs: number): void {
  renderMicrophone(latest, nowMs);
  const { speakerState, playback } = latest;
  setText(element('speaker-state', HTMLElement), speakerState?.state ?? 'unknown');
  setText(element('speaker-output', HTMLElement), speakerState?.output ?? '');
  const playing = speakerState?.state !== 'idle' && playback?.turn === speakerState?.turn ? playback : undefined;
  setText(
    element('speaker-position', HTMLElement),
    playing ? `${duration(playing.playedMs)} of turn ${playing.turn}` : '',
  );
}

function renderMicrophone({ level, speech, privacy }: DashboardState['latest'], nowMs: number): void {
  const fresh = level && nowMs - level.at < STALE_MS ? level : undefined;
  const meter = element('microphone-meter', HTMLElement);
  const share = fresh ? Math.max(0, Math.min(1, 1 - fresh.rms / FLOOR_DBFS)) : 0;
  const peak = fresh ? Math.max(0, Math.min(1, 1 - fresh.peak / FLOOR_DBFS)) : 0;
  meter.style.setProperty('--level', String(share));
  meter.style.setProperty('--peak', String(peak));
  element('microphone-value', HTMLMeterElement).value = fresh ? Math.round(fresh.rms) : FLOOR_DBFS;
  const words = privacy?.microphone
    ? 'blocked'
    : !fresh
      ? 'no signal'
      : `${Math.round(fresh.rms)} dBFS · speech ${Math.round(fresh.probability * 100)} %`;
  setText(element('microphone-level', HTMLElement), words);
  setText(element('microphone-speech', HTMLElement), speech && fresh ? SPEECH_WORDS[speech.state] : '');
}
