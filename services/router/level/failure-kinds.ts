import type { Failure } from '#shared/contract/thinker.ts';

/** How the user is told why, by the kind of failure the thinker reports. Completes "I am offline: …". */
const IN_WORDS: Readonly<Record<string, string>> = {
  auth: 'my access key is not accepted',
  quota: 'the quota of my service is used up',
  model: 'the model is not available',
  network: 'there is no connection to the internet',
  timeout: 'the service does not answer',
  transient: 'the service has a problem',
  context: 'the service has a problem',
  resume: 'the service has a problem',
  rotate: 'the service has a problem',
  feature: 'the service has a problem',
  bug: 'the service has a problem',
};

/** What a person must do where waiting does not help; said once, after the reason. */
const TO_DO: Readonly<Record<string, string>> = {
  auth: 'Somebody has to put a valid key into my settings.',
  model: 'Somebody has to choose another model in my settings.',
  quota: 'It may last until tomorrow, or until somebody raises it.',
  bug: 'Somebody has to look into my log.',
};

/** Undefined where it passes by itself. */
export function whatToDo({ kind, retryable }: Pick<Failure, 'kind' | 'retryable'>): string | undefined {
  return retryable ? undefined : TO_DO[kind];
}

export function inWords(kind: string): string {
  return IN_WORDS[kind] ?? 'the service has a problem';
}

/** Live and HTTP share the key: where it is refused, neither answers. */
export function failsEverywhere(kind: string): boolean {
  return kind === 'auth';
}

/** Says something about the service, not about this one question or this machine's sound. */
export function concernsTheService(kind: string): boolean {
  return kind in IN_WORDS;
}
