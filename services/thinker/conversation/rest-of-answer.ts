import type { Failure } from '#shared/contract/thinker.ts';
import { answerAgain } from '../live/instruction.ts';
import type { TextAsked } from './conversation-state.ts';
import { heardText, type Turn } from './turn.ts';

export const RESTARTED: Failure = {
  kind: 'restarted',
  message: 'the thinker was restarted in this turn; it asks again',
  retryable: true,
};

/**
 * The question for what the listener has not heard of an answer; undefined where nobody knows what the answer was to.
 * @param question what was asked, as text.
 */
export function restOf(turn: Turn, question = turn.userText): TextAsked | undefined {
  const heard = heardText(turn);
  if (turn.kind === 'say') {
    const rest = turn.modelText.slice(heard.length).trim();
    const say = { type: 'textAsked', kind: 'say', text: rest, userText: '', withFrame: false } as const;
    return rest ? { ...say, restOf: turn.number } : undefined;
  }
  if (!question) return undefined;
  const text = answerAgain(question, heard);
  return { type: 'textAsked', kind: 'ask', text, userText: '', withFrame: false, restOf: turn.number };
}
