const CARRIAGE_RETURN = 0x0d;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** What aplay told in one piece of its standard error. */
export interface AplayNews {
  /** Periods taken: it draws its level meter once for each, and begins every drawing with a carriage return. */
  periods: number;
  /** The last remark that means something to us, without the place in aplay's source; empty where there is none. */
  said: string;
}

/**
 * Reads two hundred level meters a second, so words are looked for only where there are letters (a meter has capitals at most).
 * A meter cut in two is counted once, a remark cut in two may be missed; the end of aplay tells the same story.
 */
export function readAplay(chunk: Uint8Array): AplayNews {
  let periods = 0;
  let words = false;
  for (const byte of chunk) {
    if (byte === CARRIAGE_RETURN) periods += 1;
    else if (byte >= LOWER_A && byte <= LOWER_Z) words = true;
  }
  return { periods, said: words ? remarkIn(Buffer.from(chunk).toString('latin1')) : '' };
}

function remarkIn(text: string): string {
  const lines = text.split(/[\r\n]+/);
  const remark = lines.findLast((line) => /^aplay: |not found|underrun|not accurate/.test(line)) ?? '';
  return remark.replace(/^aplay: (?:\w+:\d+: )?/, '').trim();
}
