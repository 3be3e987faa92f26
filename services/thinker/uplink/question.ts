import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';

/** A question kept whole until its turn is over, so that it can be put again from its beginning. */
export interface SpokenQuestion {
  kind: 'speech';
  /** 16 kHz mono, in order. */
  chunks: Int16Array[];
  samples: number;
  ended: boolean;
}

export interface WrittenQuestion {
  kind: 'text';
  text: string;
  /** The text is the answer: it is to be spoken as it stands. */
  exactly: boolean;
  /** What the camera shows belongs to it. */
  withFrame: boolean;
}

export type Question = SpokenQuestion | WrittenQuestion;

/** What names a turn's question: its utterance where it has one. */
export interface Asker {
  number: number;
  utterance?: number;
}

/** The longest question kept (4 MB); what is said beyond it is dropped and counted. */
const MAX_SAMPLES = 120 * MICROPHONE_RATE_HZ;

/** The questions of the turns that are not over. */
export class Questions {
  private readonly spoken = new Map<number, SpokenQuestion>();
  private readonly written = new Map<number, WrittenQuestion>();

  /** Returns false where the question has grown too long to keep. */
  hear(utterance: number, samples: Int16Array): boolean {
    const question = this.speech(utterance);
    if (question.ended || samples.length === 0) return true;
    if (question.samples + samples.length > MAX_SAMPLES) return false;
    question.chunks.push(samples);
    question.samples += samples.length;
    return true;
  }

  end(utterance: number): void {
    this.speech(utterance).ended = true;
  }

  write(turn: number, question: Omit<WrittenQuestion, 'kind'>): void {
    this.written.set(turn, { kind: 'text', ...question });
  }

  of({ number, utterance }: Asker): Question | undefined {
    return utterance === undefined ? this.written.get(number) : this.speech(utterance);
  }

  forget({ number, utterance }: Asker): void {
    this.written.delete(number);
    if (utterance !== undefined) this.spoken.delete(utterance);
  }

  drop(utterance: number): void {
    this.spoken.delete(utterance);
  }

  private speech(utterance: number): SpokenQuestion {
    const known = this.spoken.get(utterance);
    if (known) return known;
    const fresh: SpokenQuestion = { kind: 'speech', chunks: [], samples: 0, ended: false };
    this.spoken.set(utterance, fresh);
    return fresh;
  }
}

/** All of a spoken question in one piece. */
export function wholeOf({ chunks, samples }: SpokenQuestion): Int16Array {
  const whole = new Int16Array(samples);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
