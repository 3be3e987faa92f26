import type { SoundServer } from './sound-server.ts';

/** A sound server for tests: its streams are where the test puts them. */
export class ScriptedSoundServer implements SoundServer {
  /** Where every stream is; undefined: there is no server, or it does not answer. */
  source: string | undefined;
  sink: string | undefined;
  sinks: string[] = [];
  private changed = new Set<() => void>();

  sourceOf(): Promise<string | undefined> {
    return Promise.resolve(this.source);
  }

  sinkOf(): Promise<string | undefined> {
    return Promise.resolve(this.sink);
  }

  hasSink(name: string): Promise<boolean | undefined> {
    return Promise.resolve(this.sinks.length > 0 ? this.sinks.includes(name) : undefined);
  }

  /** The first of its sinks. */
  defaultSink(): Promise<string | undefined> {
    return Promise.resolve(this.sinks[0]);
  }

  watch(changed: () => void): () => void {
    this.changed.add(changed);
    return () => this.changed.delete(changed);
  }

  get isWatched(): boolean {
    return this.changed.size > 0;
  }

  /** Tells of a change, and resolves when everybody has asked what has become of it. */
  async change(): Promise<void> {
    for (const changed of this.changed) changed();
    for (let turn = 0; turn < 10; turn += 1) await undefined;
  }
}
