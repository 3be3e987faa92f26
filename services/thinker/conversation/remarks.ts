/** More sources than this do not report at the same time; the one that was silent longest is forgotten. */
const MAX_SOURCES = 20;
/** A remark is a sentence or a list of detections. */
const MAX_CHARACTERS = 2_000;

/** What other layers want the model to know, until the next question takes it along. The newest word of each source counts. */
export class Remarks {
  private readonly bySource = new Map<string, string>();
  private along: string[] = [];

  /** What the present question has taken along, for a backend that is asked it after another and knows nothing of it. */
  get taken(): readonly string[] {
    return this.along;
  }

  note(source: string, text: string): void {
    this.bySource.delete(source);
    this.bySource.set(source, text.slice(0, MAX_CHARACTERS));
    const oldest = this.bySource.keys().next().value;
    if (this.bySource.size > MAX_SOURCES && oldest !== undefined) this.bySource.delete(oldest);
  }

  /** All of them, marked with their source; none is left. */
  take(): string[] {
    const lines = [...this.bySource].map(([source, text]) => `[${source}] ${text}`);
    this.bySource.clear();
    this.along.push(...lines);
    return lines;
  }

  /** The question is over: what went along with it is old by the next. */
  forgetTaken(): void {
    this.along = [];
  }
}
