import type { Alert } from '#shared/contract/speaker.ts';

/** What a blind user has to hear about the microphone: to them, one that is gone looks like an assistant that ignores them. */
export function outageWords(news: 'away' | 'back'): Omit<Alert, 'id'> {
  if (news === 'back') return { earcon: 'ready', text: 'The microphone is back.' };
  return { earcon: 'attention', text: 'The microphone does not work at the moment. I cannot hear you.' };
}
