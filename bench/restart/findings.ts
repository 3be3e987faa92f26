import { codedSamples, findCodedSignal, type IndexRange } from '#shared/audio/coded-signal.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { align } from './align.ts';

/** Replies begin this far apart in the coded signal, so that each sample tells which reply it belongs to. */
export const REPLY_STRIDE = 1_000_000;
export const MAX_REPLIES = 15;

/** What the bus carried of one coded reply, as indices of the coded signal. */
export interface PublishedReply extends IndexRange {
  turn: number;
}

/** What of a signal did not arrive exactly once. */
export interface Finding {
  lost: IndexRange[];
  doubled: IndexRange[];
}

/** Adds a frame to what is known of the replies; frames that are not of a coded reply (of the fallback, say) are left out. */
export function notePublished(replies: Map<number, PublishedReply>, frame: PcmFrame): void {
  const { stream, position, samples } = frame;
  if (samples.length < 2) return;
  const known = replies.get(stream);
  const from = known?.from ?? replyStart(position, samples);
  if (from === undefined) return;
  replies.set(stream, { turn: stream, from, to: Math.max(known?.to ?? 0, from + position + samples.length) });
}

function replyStart(position: number, samples: Int16Array): number | undefined {
  for (let reply = 0; reply < MAX_REPLIES; reply += 1) {
    const [first, second] = codedSamples(reply * REPLY_STRIDE + position, 2);
    if (first === samples[0] && second === samples[1]) return reply * REPLY_STRIDE;
  }
  return undefined;
}

/** How the loudspeaker's recording follows what was published. */
export function judgeReplies(recording: Int16Array, replies: Iterable<PublishedReply>): Finding {
  const finding: Finding = { lost: [], doubled: [] };
  for (const { from, to } of replies) {
    const found = findCodedSignal(recording, from, to - from);
    finding.lost.push(...found.lost);
    finding.doubled.push(...found.doubled);
  }
  return finding;
}

/**
 * How what Gemini got follows what was spoken. A question may be put again whole and so come in several activities: what is
 * in none of them is lost, what is twice in one of them is doubled.
 */
export function judgeQuestion(source: Int16Array, activities: readonly Int16Array[]): Finding {
  const got = new Uint8Array(source.length);
  const doubled: IndexRange[] = [];
  for (const activity of activities) {
    const { lost, doubled: twice, firstIndex, lastIndex } = align(source, activity);
    if (firstIndex < 0) continue;
    doubled.push(...twice);
    // What a later activity lacks an earlier one may have had.
    const missing = new Set(
      lost.flatMap(({ from, to }) => Array.from({ length: to - from }, (_none, at) => from + at)),
    );
    for (let index = firstIndex; index <= lastIndex; index += 1) if (!missing.has(index)) got[index] = 1;
  }
  const lost: IndexRange[] = [];
  for (const [index, there] of got.entries()) {
    const last = lost.at(-1);
    if (there === 1) continue;
    if (last?.to === index) last.to += 1;
    else lost.push({ from: index, to: index + 1 });
  }
  return { lost, doubled };
}

/** Where in the recording the given sample of the coded signal is first heard; −1 where it is not. */
export function heardAt(recording: Int16Array, index: number): number {
  const [first = 0, second = 0] = codedSamples(index, 2);
  for (let at = recording.indexOf(first); at >= 0; at = recording.indexOf(first, at + 1)) {
    if (recording[at + 1] === second) return at;
  }
  return -1;
}

/** Samples other than silence in the place of a lost stretch: as many as it has, and it was played in a ramp or a mix, not lost. */
export function alteredIn(recording: Int16Array, { from, to }: IndexRange): number {
  const before = heardAt(recording, from - 2);
  const after = heardAt(recording, to);
  return before < 0 || after < before
    ? 0
    : recording.subarray(before + 2, after).filter((sample) => sample !== 0).length;
}

/** No longer than the speaker's ramp to silence. */
const RAMP_SAMPLES = 120;

/** Whether a lost stretch was heard all the same, as the last of its reply, in a ramp to silence: sound, then nothing. */
export function isFaded(recording: Int16Array, { from, to }: IndexRange): boolean {
  const before = heardAt(recording, from - 2);
  if (before < 0 || to - from > RAMP_SAMPLES) return false;
  const ramp = recording.subarray(before + 2, before + 2 + to - from);
  const original = codedSamples(from, to - from);
  const isQuieter = ramp.every((sample, at) => Math.abs(sample) <= Math.abs(original[at] ?? 0));
  return isQuieter && ramp.filter((sample) => sample !== 0).length > ramp.length / 2;
}
