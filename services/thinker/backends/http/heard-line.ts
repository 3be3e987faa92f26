/**
 * At this level there is no transcription service beside the model, so the model itself says what it heard: the first line of
 * its output is `HEARD: …`, the rest is the answer. One request, no added wait but for the line's own dozen tokens.
 */
export const HEARD_INSTRUCTION =
  'Begin your output with one line that starts with HEARD: and repeats, word for word, what the user says in the recording. ' +
  'Leave it empty after the colon if nobody speaks. Then, from the second line on, answer.';

const MARK = 'HEARD:';
/** A model that forgets the line break must not keep the answer back for ever; 15 characters are a second of speech. */
const LONGEST_LINE = 1_000;

/** What was seen of the output's beginning. */
export type HeardState = { readonly line: string } | 'past';
export const HEARD_START: HeardState = { line: '' };

export interface HeardStep {
  readonly state: HeardState;
  /** What the user said; present once, and empty where nothing was understood. */
  readonly heard?: string;
  /** The next piece of the answer. */
  readonly answer: string;
}

/** Takes the next drop of output. @param ended nothing will follow. */
export function readHeardLine(state: HeardState, drop: string, ended = false): HeardStep {
  if (state === 'past') return { state, answer: drop };
  const line = (state.line + drop).replace(/^[\s*_]+/, '');
  const mark = line.slice(0, MARK.length).toUpperCase();
  if (!MARK.startsWith(mark)) return { state: 'past', answer: line };
  const end = line.indexOf('\n');
  if (end < 0 && line.length < LONGEST_LINE && !ended) return { state: { line }, answer: '' };
  if (mark !== MARK) return { state: 'past', answer: line };
  const heard = line.slice(MARK.length, end < 0 ? undefined : end).replace(/^[\s*_"“]+|[\s*_"”]+$/g, '');
  return { state: 'past', heard, answer: end < 0 ? '' : line.slice(end + 1) };
}
