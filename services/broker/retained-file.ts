import { readFileSync, renameSync } from 'node:fs';
import * as z from 'zod/mini';
import { privacy } from '#shared/contract/control.ts';
import { keptChannel } from '#shared/contract/kept.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';

const StoredValues = z.object({ version: z.literal(1), values: z.record(z.string(), z.base64()) });

export interface LoadedValues {
  values: ReadonlyMap<string, Buffer>;
  ignored: readonly string[];
  /** Where the damaged file is now, if it was damaged. */
  setAsideAs?: string;
}

/** The retained values that survive restart and kill, in one file; see decision 0011 for when each is written. */
export class RetainedFile {
  private readonly path: string;
  private readonly values = new Map<string, Buffer>();

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The values of the last run by topic (below the prefix); none where there is no file yet. `ignored`: topics whose
   * values this version does not accept. A damaged file, or a damaged privacy in it, is set aside, and microphone and camera
   * come back *blocked*: what the user had chosen is unknown, and only this error can be undone.
   */
  load(): LoadedValues {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: this.values, ignored: [] };
      return this.startBlocked();
    }
    const ignored: string[] = [];
    for (const [topic, payload] of Object.entries(parse(text) ?? { [privacy.topic]: undefined })) {
      if (payload && isValid(topic, payload)) this.values.set(topic, payload);
      else if (topic === privacy.topic) return this.startBlocked();
      else ignored.push(topic);
    }
    return { values: this.values, ignored };
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

  private startBlocked(): LoadedValues {
    const setAsideAs = `${this.path}.damaged`;
    try {
      renameSync(this.path, setAsideAs);
    } catch (error) {
      throw new ConfigurationError(`${this.path} is damaged and cannot be moved away (${messageOf(error)}): delete it`);
    }
    this.values.clear();
    this.keep(privacy.topic, privacy.codec.encode({ microphone: true, camera: true }));
    return { values: this.values, ignored: [], setAsideAs };
  }
}

function parse(text: string): Record<string, Buffer> | undefined {
  try {
    const { values } = StoredValues.parse(JSON.parse(text));
    return Object.fromEntries(
      Object.entries(values).map(([topic, payload]) => [topic, Buffer.from(payload, 'base64')]),
    );
  } catch {
    return undefined;
  }
}

function isValid(topic: string, payload: Buffer): boolean {
  try {
    return keptChannel(topic)?.codec.decode(payload) !== undefined;
  } catch {
    return false;
  }
}
