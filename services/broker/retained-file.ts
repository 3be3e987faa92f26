import { readFileSync, renameSync } from 'node:fs';
import * as z from 'zod/mini';
import { privacy } from '#shared/contract/control.ts';
import { keptChannel } from '#shared/contract/kept.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';

const StoredValues = z.object({ version: z.literal(1), values: z.record(z.string(), z.base64()) });

/** The retained values that survive restart and kill, in one file, written before the publisher gets its acknowledgement. */
export class RetainedFile {
  private readonly path: string;
  private readonly values = new Map<string, Buffer>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The values of the last run by topic (below the prefix); none where there is no file yet. A damaged file is set aside,
   * and microphone and camera come back *blocked*: what the user had chosen is unknown, and only this error can be undone.
   */
  load(): { values: ReadonlyMap<string, Buffer>; setAsideAs?: string } {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: this.values };
      return this.startBlocked();
    }
    try {
      const stored = StoredValues.parse(JSON.parse(text));
      for (const [topic, payload] of Object.entries(stored.values)) {
        const bytes = Buffer.from(payload, 'base64');
        keptChannel(topic)?.codec.decode(bytes);
        this.values.set(topic, bytes);
      }
      return { values: this.values };
    } catch {
      return this.startBlocked();
    }
  }

  /** Remembers one value (empty forgets it) and writes the file when that changed anything. Throws what writing throws. */
  keep(topic: string, payload: Buffer): void {
    const before = this.values.get(topic);
    if (before ? before.equals(payload) : payload.length === 0) return;
    if (payload.length === 0) this.values.delete(topic);
    else this.values.set(topic, Buffer.from(payload));
    const values = Object.fromEntries([...this.values].map(([name, bytes]) => [name, bytes.toString('base64')]));
    writeFileAtomically(this.path, `${JSON.stringify({ version: 1, values }, null, 2)}\n`);
  }

  private startBlocked(): { values: ReadonlyMap<string, Buffer>; setAsideAs: string } {
    const setAsideAs = `${this.path}.damaged`;
    renameSync(this.path, setAsideAs);
    this.values.clear();
    this.keep(privacy.topic, privacy.codec.encode({ microphone: true, camera: true }));
    return { values: this.values, setAsideAs };
  }
}
