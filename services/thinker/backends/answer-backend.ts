/** What was said before, oldest first. */
export interface Exchange {
  readonly role: 'user' | 'model';
  readonly text: string;
}

/** One question. It needs `audio`, `text` or `sayExactly`. */
export interface Question {
  /** The whole utterance, 16 kHz mono. */
  readonly audio?: Int16Array | undefined;
  readonly text?: string | undefined;
  /** A fresh JPEG: what the user is looking at while asking. Never a stale one. */
  readonly frame?: Uint8Array | undefined;
  /** The camera is blocked or gone; an answer that needs eyes must say so rather than guess. */
  readonly cannotSee?: boolean | undefined;
  readonly history: readonly Exchange[];
  /** Speak this and nothing else; no model is asked. */
  readonly sayExactly?: string | undefined;
}

/** `usage` parts are increments: adding them up by name gives what the answer cost. */
export type AnswerPart =
  /** What the user was understood to say. Comes before the first `modelText`, so that a command can still stop the answer. */
  | { readonly type: 'userText'; readonly text: string; readonly final: boolean }
  /** The answer's whole text so far. */
  | { readonly type: 'modelText'; readonly text: string }
  /** The next piece of the answer's sound, 24 kHz mono. */
  | { readonly type: 'audio'; readonly samples: Int16Array }
  | { readonly type: 'usage'; readonly tokens: Readonly<Record<string, number>> };

/** A way to answer without a Live session. */
export interface AnswerBackend {
  readonly level: 'http' | 'offline';
  /**
   * Answers one question. The stream ends when everything was delivered. After an abort it ends at once, without an error
   * and without another part; the caller who aborted knows why.
   * Throws AnswerFailure; what was delivered until then stands, and may be nothing.
   */
  answer(question: Question, signal: AbortSignal): AsyncIterable<AnswerPart>;
}
