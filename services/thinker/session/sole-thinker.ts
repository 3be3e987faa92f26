import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';

export interface SoleThinker {
  /** Resolves when every other thinker of this state folder has gone. */
  readonly alone: Promise<void>;
  /** False while another one is there. */
  readonly isAlone: boolean;
  /** Whether another one waits for our end. */
  readonly isAwaited: boolean;
  /** Lets the next one in. */
  release(): Promise<void>;
}

/** Between two looks where the other one's end was seen but its name is not free yet. */
const RETRY_MS = 5;

/**
 * Two thinkers overlap in a reload, and two sessions would answer every question twice and refuse each other the handle.
 * Whoever listens on a socket named after the state folder is the one; the next one is connected to it and so learns of
 * its end at once, be it an orderly one or a SIGKILL, since the kernel closes what a dead process had open.
 */
export function becomeSoleThinker(stateDir: string): SoleThinker {
  const path = socketPath(stateDir);
  const guests = new Set<Socket>();
  let server: Server | undefined;
  let watch: Socket | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isAlone = false;
  let released = false;
  let settle: () => void = () => undefined;
  const alone = new Promise<void>((resolveAlone) => {
    settle = resolveAlone;
  });

  function tryToListen(): void {
    if (released) return;
    const candidate = createServer((guest) => {
      guests.add(guest);
      guest.on('close', () => guests.delete(guest));
      guest.on('error', () => undefined);
      guest.resume();
    });
    candidate.once('error', watchTheOther);
    // Exclusive: under PM2's cluster mode a listening socket would otherwise be shared with the other process.
    candidate.listen({ path, exclusive: true }, () => {
      server = candidate;
      isAlone = true;
      settle();
    });
  }

  function watchTheOther(): void {
    if (released) return;
    watch = connect({ path });
    watch.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && !path.startsWith('\0')) rmSync(path, { force: true });
    });
    watch.on('close', () => {
      retry = setTimeout(tryToListen, RETRY_MS);
    });
    watch.resume();
  }

  tryToListen();
  return {
    alone,
    get isAlone() {
      return isAlone;
    },
    get isAwaited() {
      return guests.size > 0;
    },
    async release() {
      released = true;
      isAlone = false;
      clearTimeout(retry);
      watch?.destroy();
      const listening = server;
      if (!listening) return;
      await new Promise<void>((closed) => {
        listening.close(() => closed());
        for (const guest of guests) guest.destroy();
      });
    },
  };
}

/** Linux has names without files: nothing is left behind by a process that dies. */
function socketPath(stateDir: string): string {
  const folder = resolve(stateDir);
  if (process.platform !== 'linux') return join(folder, 'thinker.sock');
  return `\0cortex-thinker-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
}
