/** An energy detector, for sessions that leave turn-taking to the server. Far simpler than Google's, with the same events. */
export interface VoiceActivityState {
  speaking: boolean;
  /** Milliseconds of loud (while silent) or quiet (while speaking) audio in a row. */
  runMs: number;
}

export type VoiceActivity = 'started' | 'ended';

export const QUIET: VoiceActivityState = { speaking: false, runMs: 0 };

/** Speech at arm's length from a microphone is some 20 dB above this; a quiet room some 15 dB below. */
const LOUD_DBFS = -42;
/** Shorter than the shortest word, longer than a click. */
const START_MS = 100;

/**
 * @param levelDbfs RMS of the chunk. @param chunkMs its length. @param silenceMs silence that ends an utterance.
 */
export function detectVoice(
  state: VoiceActivityState,
  { levelDbfs, chunkMs, silenceMs }: { levelDbfs: number; chunkMs: number; silenceMs: number },
): { state: VoiceActivityState; detected?: VoiceActivity } {
  const loud = levelDbfs >= LOUD_DBFS;
  if (loud === state.speaking) return { state: { ...state, runMs: 0 } };
  const runMs = state.runMs + chunkMs;
  if (!state.speaking && runMs >= START_MS) return { state: { speaking: true, runMs: 0 }, detected: 'started' };
  if (state.speaking && runMs >= silenceMs) return { state: QUIET, detected: 'ended' };
  return { state: { ...state, runMs } };
}
