import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { messageOf } from '#shared/errors/cortex-error.ts';
import { writeFileAtomically } from '#shared/files/atomic-file.ts';
import type { Log } from '#shared/log/log.ts';
import type { Handle } from './session-state.ts';

const StoredHandle = z.object({
  handle: z.string(),
  savedAtMs: z.number(),
  /** A handle of another model or another server is worth nothing. */
  model: z.string(),
  server: z.string(),
});

/** Where the session's handle survives the process. */
export interface HandleStore {
  load(): Handle | undefined;
  /** Undefined forgets it. */
  save(handle: Handle | undefined): void;
}

/** The handle in `session-handle.json` (0600) in the state folder. A file that cannot be used costs the context, never the start. */
export function fileHandleStore(
  stateDir: string,
  { model, server }: { model: string; server: string },
  log: Log,
): HandleStore {
  const path = join(stateDir, 'session-handle.json');
  return {
    load() {
      try {
        const stored = StoredHandle.parse(JSON.parse(readFileSync(path, 'utf8')));
        if (stored.model !== model || stored.server !== server) return undefined;
        return { value: stored.handle, savedAtMs: stored.savedAtMs };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          log.warn({ path, reason: messageOf(error) }, 'the stored session handle is unusable; starting a new session');
        }
        return undefined;
      }
    },
    save(handle) {
      try {
        if (!handle) rmSync(path, { force: true });
        else {
          const stored = { handle: handle.value, savedAtMs: handle.savedAtMs, model, server };
          writeFileAtomically(path, `${JSON.stringify(stored)}\n`);
        }
      } catch (error) {
        log.warn({ path, reason: messageOf(error) }, 'the session handle cannot be stored (CORTEX_STATE_DIR)');
      }
    },
  };
}
