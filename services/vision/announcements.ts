import type { Alert } from '#shared/contract/speaker.ts';
import type { LensNews } from './lens-watch.ts';

type Words = Omit<Alert, 'id'>;

/** What a blind user has to hear about the camera, because nothing else would tell them. Undefined: nothing. */
export function lensWords(news: LensNews): Words | undefined {
  if (news === 'cleared') return undefined;
  return { earcon: 'attention', text: 'I see only black. The camera may be covered, or it is dark here.' };
}

export function outageWords(news: 'away' | 'back'): Words {
  if (news === 'back') return { earcon: 'ready', text: 'The camera is back.' };
  return { earcon: 'attention', text: 'The camera does not work at the moment. I cannot see.' };
}

export function foundWords(): Words {
  return { earcon: 'ready', text: 'A camera was plugged in. I can see now.' };
}
