/** A stretch of a turn: what was going on, from when to when (Unix milliseconds). */
export interface Stretch {
  phase: 'listening' | 'thinking' | 'speaking';
  fromMs: number;
  toMs: number;
}

/** The milestones of `thinker/turn` timings that part the phases. */
const BOUNDARIES = [
  ['listening', ['speechStarted']],
  ['thinking', ['speechEnded', 'activityEnded']],
  ['speaking', ['firstAudio']],
] as const;
const ENDS = ['turnComplete', 'generationComplete'] as const;

/** The phases of a turn that its timings tell, in order; the last one is open until its end is known (`nowMs` then). */
export function timeline(timings: Readonly<Record<string, number>>, nowMs: number, over: boolean): Stretch[] {
  const starts: { phase: Stretch['phase']; fromMs: number }[] = [];
  for (const [phase, names] of BOUNDARIES) {
    const name = names.find((candidate) => timings[candidate] !== undefined);
    if (name) starts.push({ phase, fromMs: timings[name] ?? 0 });
  }
  const end = ENDS.map((name) => timings[name]).find((ms) => ms !== undefined);
  const lastKnownMs = Math.max(...Object.values(timings), 0);
  return starts.flatMap(({ phase, fromMs }, index) => {
    const toMs = starts[index + 1]?.fromMs ?? end ?? (over ? lastKnownMs : nowMs);
    return toMs > fromMs ? [{ phase, fromMs, toMs }] : [];
  });
}

/** What the user felt: from the end of the question to the first sound of the answer; undefined where either is missing. */
export function responseMs(timings: Readonly<Record<string, number>>): number | undefined {
  const { speechEnded, activityEnded, firstAudio } = timings;
  const asked = speechEnded ?? activityEnded;
  return asked === undefined || firstAudio === undefined ? undefined : firstAudio - asked;
}
