import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Privacy } from '#shared/contract/control.ts';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';

/**
 * What the user has blocked, kept in the state folder: a restart must not open a microphone that the user closed, not
 * even while the broker with the retained value is away. A damaged file counts as blocked.
 */
export class PrivacyFile {
  private readonly path: string;
  private readonly log: Log;

  constructor(stateDir: string, log: Log) {
    this.path = join(stateDir, 'audio-in-privacy.json');
    this.log = log;
  }

  microphoneBlocked(): boolean {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      return this.assumeBlocked(error);
    }
    try {
      return Privacy.parse(JSON.parse(text)).microphone;
    } catch (error) {
      return this.assumeBlocked(error);
    }
  }

  remember(privacy: Privacy): void {
    try {
      writeFileAtomically(this.path, `${JSON.stringify(privacy)}\n`);
    } catch (error) {
      this.log.error({ path: this.path, reason: messageOf(error) }, 'privacy cannot be stored; check CORTEX_STATE_DIR');
    }
  }

  private assumeBlocked(error: unknown): boolean {
    this.log.error(
      { path: this.path, reason: messageOf(error) },
      'the stored privacy cannot be read: the microphone stays closed until control/privacy opens it',
    );
    return true;
  }
}
