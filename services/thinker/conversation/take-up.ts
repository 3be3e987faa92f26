import type { Turn as TurnReport } from '#shared/contract/thinker.ts';
import { answerAgain } from '../live/instruction.ts';
import type { ThinkerOptions } from '../thinker-options.ts';
import type { ConversationNews } from './conversation-runner.ts';
import type { UnfinishedTurn } from './memory-store.ts';
import type { Recollection } from './recollection.ts';
import { newTurn, nextTurn, reportOf } from './turn.ts';

/** What a new process does about the turn its predecessor left in the middle. */
export interface TakeUp {
  /** The turn as it ends, where it cannot go on under its number. */
  ended?: TurnReport;
  news?: ConversationNews;
  /** The utterance whose samples are asked for again. */
  recall?: number;
}

const FAILURE = {
  kind: 'restarted',
  message: 'the thinker was restarted in this turn; it asks again',
  retryable: true,
};

/** A question without an answer is answered now; half an answer is given again, once, and the listener is told why. */
export function takeUp({ turn, kind, utterance, text, answering, heard }: UnfinishedTurn, atMs: number): TakeUp {
  if (kind === 'speech' && utterance !== undefined && !answering) {
    return { news: { type: 'turnInherited', turn, utterance }, recall: utterance };
  }
  const ended = reportOf(
    nextTurn(newTurn(turn, kind, 'live', utterance), { type: 'failed', failure: FAILURE, atMs }),
    atMs,
  );
  if (!answering && kind !== 'speech') {
    const userText = kind === 'ask' ? text : '';
    return { ended, news: { type: 'textAsked', kind, text, userText, withFrame: false } };
  }
  if (answering && kind !== 'say' && text) {
    const again = answerAgain(text, heard);
    return { ended, news: { type: 'textAsked', kind: 'ask', text: again, userText: '', withFrame: false } };
  }
  return { ended, ...(utterance !== undefined && { recall: utterance }) };
}

/** Goes on where a predecessor stopped: its unfinished turn, the questions behind it, and what was spoken since. */
export function resume(
  { unfinished, waiting, settledUtterance }: Pick<Recollection, 'unfinished' | 'waiting' | 'settledUtterance'>,
  {
    clock,
    meters,
    output,
    recall,
    catchUp,
  }: Pick<ThinkerOptions, 'clock' | 'meters' | 'output' | 'recall' | 'catchUp'>,
  tell: (news: ConversationNews) => void,
): void {
  const taken = unfinished && takeUp(unfinished, clock.nowMs());
  if (taken) meters.count('turnsTakenUp');
  if (taken?.ended) output.turn(taken.ended);
  if (taken?.news) tell(taken.news);
  for (const inherited of waiting) tell({ type: 'turnInherited', ...inherited });
  if (taken?.recall !== undefined) recall(taken.recall);
  else if (settledUtterance !== undefined) catchUp(Math.max(settledUtterance, unfinished?.utterance ?? 0));
}
