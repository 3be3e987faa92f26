import type { IncomingMessage } from 'node:http';

/** The URL a client asked for. SDKs put two slashes in front of the path; a target that is no URL at all counts as `/`. */
export function requestUrl({ url = '/' }: IncomingMessage): URL {
  const target = url.replace(/^\/+/, '/');
  const base = 'http://localhost';
  return URL.canParse(target, base) ? new URL(target, base) : new URL(base);
}
