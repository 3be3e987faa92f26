import type { Failure } from '#shared/contract/thinker.ts';
import type { ThinkerOptions } from '../thinker-options.ts';
import type { ConversationNews } from './conversation-runner.ts';
import type { LeftBehind, LeftText } from './memory-store.ts';
import type { Recollection } from './recollection.ts';
import { RESTARTED, restOf } from './rest-of-answer.ts';
import { newTurn, type Turn } from './turn.ts';

/** Nobody waits longer than this for the answer to a question; asked again later it would come out of the blue. */
const AWAITED_MS = 30_000;

const TOO_LATE: Failure = {
  kind: 'restarted',
  message: 'the thinker was away for too long in this turn; ask again',
  retryable: true,
};

/** What a new process does about the turns its predecessor left behind. */
export interface TakeUp {
  news: ConversationNews[];
  /** The utterances whose samples are asked for again. */
  recall: number[];
}

/**
 * An answer that is being played is followed to its end; a question without an answer is answered now; half an answer is
 * given again, once, and the listener is told why. After half a minute nothing is asked again, but every turn ends.
 * @param isSoundLeft whether the sound of a turn was left with it, and will be heard to its end.
 */
export function takeUp(
  { active, texts = [], waiting = [], playing = [] }: LeftBehind,
  awayMs: number,
  isSoundLeft: (turn: number) => boolean = () => false,
): TakeUp {
  const played = playing.map((turn) => ({ type: 'turnLeftBehind', turn }) as const);
  // A clock without a battery is behind after a power cut: nobody can tell for how long we were away.
  if (Math.abs(awayMs) >= AWAITED_MS) {
    const unanswered = waiting.map(({ turn, utterance }) => newTurn(turn, 'speech', 'live', utterance));
    const ended = [...(active ? [active] : []), ...unanswered].map((turn) => brokenOff(turn, TOO_LATE));
    return { news: [...played, ...ended], recall: [] };
  }
  const inherited = waiting.map((turn) => ({ type: 'turnInherited', ...turn }) as const);
  const own = texts.find(({ turn }) => turn === active?.number);
  const { news, recall } = active ? takeUpActive(active, own, isSoundLeft(active.number)) : { news: [], recall: [] };
  const behind = texts.filter((text) => text !== own).map(askedAnew);
  return {
    news: [...played, ...news, ...inherited, ...behind],
    recall: [...recall, ...waiting.map(({ utterance }) => utterance)],
  };
}

function takeUpActive(active: Turn, own: LeftText | undefined, soundIsLeft: boolean): TakeUp {
  const { number, kind, utterance, userText, replySamples } = active;
  const answering = replySamples > 0;
  if (utterance !== undefined && !answering) {
    return { news: [{ type: 'turnInherited', turn: number, utterance }], recall: [utterance] };
  }
  // Taken for heard also in the turn's record: the model is told of that, too, and of two places it might go on from the earlier.
  const heard = soundIsLeft ? { ...active, playedSamples: replySamples } : active;
  const ended = brokenOff(heard, RESTARTED);
  const text = own?.text ?? userText;
  if (!answering && kind !== 'speech') {
    return { news: [ended, askedAnew({ withFrame: false, ...own, kind, text })], recall: [] };
  }
  const rest = answering && kind !== 'say' ? restOf(heard, text) : undefined;
  if (rest) return { news: [ended, rest], recall: [] };
  return { news: [ended], recall: utterance === undefined ? [] : [utterance] };
}

function askedAnew({ kind, text, withFrame }: Omit<LeftText, 'turn'>): ConversationNews {
  return { type: 'textAsked', kind, text, userText: kind === 'ask' ? text : '', withFrame };
}

function brokenOff(turn: Turn, failure: Failure): ConversationNews {
  return { type: 'turnLeftBehind', turn, failure };
}

/** Goes on where a predecessor stopped: the turns it left behind, and what was spoken since. */
export function resume(
  { left, settledUtterance }: Pick<Recollection, 'left' | 'settledUtterance'>,
  {
    clock,
    meters,
    isSoundLeft,
    recall,
    catchUp,
  }: Pick<ThinkerOptions, 'clock' | 'meters' | 'isSoundLeft' | 'recall' | 'catchUp'>,
  tell: (news: ConversationNews) => void,
): void {
  const taken = takeUp(left, clock.nowMs() - left.savedAtMs, isSoundLeft);
  if (left.active) meters.count('turnsTakenUp');
  for (const news of taken.news) tell(news);
  if (taken.recall.length > 0) recall(taken.recall);
  else if (settledUtterance !== undefined) catchUp(Math.max(settledUtterance, left.active?.utterance ?? 0));
}
