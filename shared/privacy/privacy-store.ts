import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Privacy } from '#shared/contract/control.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';

const OPEN: Privacy = { microphone: false, camera: false };
const BLOCKED: Privacy = { microphone: true, camera: true };

/**
 * What the user blocked, kept in `privacy.json` of the state folder so that no restart opens what was closed.
 * Every service that owns a device reads it before opening the device and writes each `control/privacy` it hears. All of
 * them write the whole of the same message, so it does not matter who is first or who is away.
 */
export interface PrivacyStore {
  readonly path: string;
  /** `damaged` says why the file could not be understood; then both devices count as blocked. */
  read(): { privacy: Privacy; damaged?: string };
  /** Throws the file system's error; the device must be closed all the same. */
  write(privacy: Privacy): void;
}

/** Writes what the user has just said. A file system that refuses is told in the log: the device is closed all the same. */
export function rememberPrivacy(store: PrivacyStore, privacy: Privacy, log: Log): void {
  try {
    store.write(privacy);
  } catch (error) {
    log.error(
      { path: store.path, reason: messageOf(error) },
      'what the user blocked cannot be stored and would not survive a restart: check CORTEX_STATE_DIR',
    );
  }
}

export function privacyStore(stateDir: string): PrivacyStore {
  const path = join(stateDir, 'privacy.json');
  return {
    path,
    read() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === 'ENOENT' ? { privacy: OPEN } : { privacy: BLOCKED, damaged: message };
      }
      try {
        return { privacy: Privacy.parse(JSON.parse(text)) };
      } catch {
        return { privacy: BLOCKED, damaged: 'it is no {"microphone": …, "camera": …}' };
      }
    },
    write(privacy) {
      writeFileAtomically(path, `${JSON.stringify(privacy)}\n`);
    },
  };
}
