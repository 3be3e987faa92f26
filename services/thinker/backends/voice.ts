/** Something that can speak a sentence. */
export interface Voice {
  /** As a person would name it. */
  readonly name: string;
  /** The text as 24 kHz mono, `text` being at most a few sentences. Rejects with a CortexError, or at once on abort. */
  speak(text: string, signal: AbortSignal): Promise<Int16Array>;
}
