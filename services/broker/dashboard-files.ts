import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

/**
 * The file of `folder` that a URL path names, or undefined. Only plain names directly in the folder are looked up, so no
 * path leads out of it; it is read each time, so a rebuilt page shows without a restart.
 */
export async function dashboardFile(
  folder: string,
  urlPath: string,
): Promise<{ contentType: string; bytes: Buffer } | undefined> {
  const name = urlPath === '/' ? 'index.html' : urlPath.slice(1);
  const contentType = CONTENT_TYPES[extname(name)];
  if (!contentType || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return undefined;
  try {
    return { contentType, bytes: await readFile(join(folder, name)) };
  } catch {
    return undefined;
  }
}
