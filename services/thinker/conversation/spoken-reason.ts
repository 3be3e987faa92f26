import type { Failure } from '#shared/contract/thinker.ts';

/** Why there is no answer from Gemini, in words that can follow «because». */
export function becauseOf(failure: Pick<Failure, 'kind'> | undefined): string {
  switch (failure?.kind) {
    case 'network':
    case 'timeout':
      return 'there is no connection to the internet right now';
    case 'auth':
      return 'the key for Gemini is not accepted';
    case 'quota':
      return 'the Gemini quota is used up';
    case 'model':
      return 'the chosen Gemini model is not available';
    case 'restarted':
      return 'a fault interrupted me and your question was lost';
    case 'garbled':
      return 'my voice failed';
    case 'busy':
      return 'too much is being asked at once';
    default:
      return 'Gemini did not answer';
  }
}

/** What a listener is told in place of an answer. */
export function spokenReason(failure: Pick<Failure, 'kind'>): string {
  const hopeless = failure.kind === 'auth' || failure.kind === 'model';
  return `I cannot answer, because ${becauseOf(failure)}. ${hopeless ? 'Somebody has to mend the settings.' : 'Please ask again.'}`;
}
