/** More sources than this do not report at the same time; the one that was silent longest is forgotten. */
const MAX_SOURCES = 20;
/** A remark is a sentence or a list of detections. */
const MAX_CHARACTERS = 2_000;

/**
 * What other layers want the model to know, until the next question takes it along. The newest word of each source counts.
 * What a turn has taken along stays its own until the turn is over, as another connection or backend may be asked it again.
 */
export class Remarks {
  private readonly bySource = new Map<string, string>();
  private readonly byTurn = new Map<number, string[]>();

  note(source: string, text: string): void {
    this.bySource.delete(source);
    this.bySource.set(source, text.slice(0, MAX_CHARACTERS));
    const oldest = this.bySource.keys().next().value;
    if (this.bySource.size > MAX_SOURCES && oldest !== undefined) this.bySource.delete(oldest);
  }

  /** All that goes with the turn's question: what it has taken along before, and now the rest, marked with their source. */
  takeAlong(turn: number, ...also: string[]): readonly string[] {
    const noted = [...this.bySource].map(([source, text]) => `[${source}] ${text}`);
    this.bySource.clear();
    const lines = [...(this.byTurn.get(turn) ?? []), ...also, ...noted];
    this.byTurn.set(turn, lines);
    return lines;
  }

  /** The turn is over: what went along with it is old by the next. */
  forget(turn: number): void {
    this.byTurn.delete(turn);
  }
}
