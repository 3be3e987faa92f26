/** One row of the doctor's table. `remedy` says what to do where the state is not ok. */
export interface Check {
  subject: string;
  state: 'ok' | 'optional' | 'failed';
  found: string;
  remedy?: string;
}

export function ok(subject: string, found: string): Check {
  return { subject, state: 'ok', found };
}

/** Something the stack does without: its part falls back to what is there. */
export function optional(subject: string, found: string, remedy: string): Check {
  return { subject, state: 'optional', found, remedy };
}

export function failed(subject: string, found: string, remedy: string): Check {
  return { subject, state: 'failed', found, remedy };
}
