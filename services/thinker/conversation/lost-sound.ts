import type { Draft } from './conversation-state.ts';
import { RESTARTED, restOf } from './rest-of-answer.ts';
import { isOver, type Turn } from './turn.ts';
import { advance, textAsked } from './turn-order.ts';
import { giveUp } from './watchdogs.ts';

/**
 * A complete answer that is nowhere any more, because thinker and speaker have both been replaced while it was played: its rest is
 * asked for. Where the speaker still plays, somebody else only lacks what it has.
 */
export function soundMissed(draft: Draft, number: number, position: number): void {
  const turn = draft.recent.find((recent) => recent.number === number);
  if (turn?.phase === 'failed' && turn.playback !== 'over') {
    // That nothing more will come was told while the broker was restarted, too, and the speaker has not heard it.
    draft.effects.push({ type: 'endLostAudio', turn: number, position });
    askFrom(draft, turn, position);
    return;
  }
  if (!turn?.generated || isOver(turn) || turn.playback === 'over') return;
  const { playbackAtMs = 0 } = turn;
  if (draft.nowMs - playbackAtMs < draft.policy.soundLostMs) return;
  draft.effects.push({ type: 'endLostAudio', turn: number, position }, { type: 'count', name: 'answersLost' });
  const rest = restOf(turn);
  if (!rest) {
    giveUp(draft, turn, RESTARTED);
    return;
  }
  advance(draft, turn, { type: 'failed', failure: RESTARTED });
  textAsked(draft, rest);
}

/** The speaker has more of a broken-off answer than was known when its rest was asked for: nobody wants to hear that twice. */
function askFrom(draft: Draft, brokenOff: Turn, position: number): void {
  const again = [draft.active, ...draft.waiting].find((turn) => turn && turn.number === draft.again?.turn);
  const isSent = again === draft.active && draft.atServerSinceMs !== undefined;
  if (!again || isSent || draft.again?.restOf !== brokenOff.number) return;
  const playedSamples = Math.min(position, brokenOff.replySamples);
  const rest = playedSamples > brokenOff.playedSamples ? restOf({ ...brokenOff, playedSamples }) : undefined;
  if (!rest) return;
  const { kind, text, withFrame } = rest;
  draft.effects.push({ type: 'prepareText', turn: again.number, kind, text, withFrame });
}
