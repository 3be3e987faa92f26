import type { AddressInfo, Server } from 'node:net';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

/**
 * Listens, and resolves with the port taken (the one asked for, or a free one for 0). Throws a ConfigurationError naming
 * `setting` where the port or address cannot be had: another program sits there, and no restart mends that.
 */
export function listen(server: Server, host: string, port: number, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new ConfigurationError(explain(error, host, port, setting), { cause: error }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number, setting: string): string {
  if (error.code === 'EADDRINUSE') {
    return `port ${port} on ${host} is in use by another program: stop it, or set ${setting} to a free port`;
  }
  if (error.code === 'EACCES') return `port ${port} is not ours to take: set ${setting} to a port above 1023`;
  return `cannot listen on ${host}:${port} (${messageOf(error)}): check ${setting}`;
}
