import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import { processIdentity } from '#shared/lifecycle/process-identity.ts';

/**
 * Which process has the microphone, in `audio-in-listener` in the state folder: a broker that has just been restarted knows of
 * nobody, and beside one that listens on another would begin anew and cut its utterance in two.
 */
export interface ListenerRecord {
  /** The process that has it, if it lives. */
  find(): number | undefined;
  /** From now on it is this one. A folder that cannot be written costs nothing but the record. */
  note(pid: number): void;
}

export function listenerRecord(stateDir: string): ListenerRecord {
  const path = join(stateDir, 'audio-in-listener');
  return {
    find() {
      try {
        const identity = readFileSync(path, 'utf8');
        const pid = Number.parseInt(identity, 10);
        return processIdentity(pid) === identity ? pid : undefined;
      } catch {
        return undefined;
      }
    },
    note(pid) {
      const identity = processIdentity(pid);
      if (identity === undefined) return;
      try {
        writeFileAtomically(path, identity);
      } catch {
        // The bus tells the same in all but a moment.
      }
    },
  };
}
