// A download that may be interrupted at any moment and goes on where it stopped: by the network, by Ctrl-C, by a power cut.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** No byte for so long means that the connection is dead. */
const STALL_MS = 30_000;
/** Tries in a row that brought nothing. */
const MOST_TRIES = 6;
const LONGEST_PAUSE_MS = 30_000;

/** What no further try can mend. */
export class DownloadError extends Error {}

/**
 * Downloads `url` to `path`, which exists afterwards only if it is whole. Returns its size and SHA-256.
 * Throws DownloadError where the server does not have it or the file is not the pinned one.
 * @param pins {bytes, sha256}, each a value or null. @param options {tell(text), stallMs?, firstPauseMs?}
 */
export async function downloadFile(url, path, pins, options) {
  const { tell, firstPauseMs = 1_000 } = options;
  const part = `${path}.part`;
  for (let tries = 0, had = sizeOf(part); ; ) {
    try {
      await fetchRest(url, part, options);
      break;
    } catch (error) {
      if (error instanceof DownloadError) throw error;
      const got = sizeOf(part);
      tries = got > had ? 1 : tries + 1;
      had = got;
      if (tries >= MOST_TRIES)
        throw new DownloadError(`${url} cannot be downloaded (${reasonOf(error)}); run this again to go on`);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** (tries - 1));
      tell(`interrupted at ${megabytes(got)} (${reasonOf(error)}); going on in ${Math.ceil(pauseMs / 1000)} s`);
      await sleep(pauseMs);
    }
  }
  const bytes = sizeOf(part);
  const sha256 = await sha256Of(part);
  const problem = mismatch({ bytes, sha256 }, pins);
  if (problem) {
    forget(part);
    throw new DownloadError(`${url} is not the file this program was made for: ${problem}. Nothing of it was kept.`);
  }
  renameSync(part, path);
  forget(part);
  return { bytes, sha256 };
}

/** What differs from the pinned values, or undefined. */
export function mismatch({ bytes, sha256 }, pins) {
  if (pins.bytes !== null && bytes !== pins.bytes) return `it has ${bytes} bytes instead of ${pins.bytes}`;
  if (pins.sha256 !== null && sha256 !== pins.sha256) return `its SHA-256 is ${sha256} instead of ${pins.sha256}`;
  return undefined;
}

export async function sha256Of(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Appends what is missing to `part`; returns when all is there. */
async function fetchRest(url, part, { tell, stallMs = STALL_MS }) {
  const { validator, total } = noteOf(part, url);
  const had = validator ? sizeOf(part) : 0;
  if (total !== undefined && had === total) return;
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), stallMs);
  try {
    const response = await fetch(url, {
      signal: stalled.signal,
      // If the file changed meanwhile, `If-Range` makes the server send the new one whole instead of its second half.
      headers: { 'accept-encoding': 'identity', ...(had > 0 && { range: `bytes=${had}-`, 'if-range': validator }) },
    });
    if (response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429) {
      if (response.status === 416) forget(part);
      else throw new DownloadError(`${url} answers ${response.status} ${response.statusText}`);
    }
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status}`);
    const resumed = response.status === 206;
    if (resumed && !response.headers.get('content-range')?.startsWith(`bytes ${had}-`)) {
      forget(part);
      throw new Error('the server sent another part than asked for');
    }
    const start = resumed ? had : 0;
    const length = response.headers.get('content-length');
    const whole = length === null ? undefined : start + Number(length);
    writeNote(part, { url, validator: validatorOf(response), total: whole });
    tell(
      `${resumed ? `going on at ${megabytes(start)} of` : 'downloading'} ${whole === undefined ? 'an unknown size' : megabytes(whole)}`,
    );

    const file = await open(part, resumed ? 'a' : 'w');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(), stallMs);
        await file.write(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (whole !== undefined && sizeOf(part) !== whole) throw new Error('the connection was cut');
  } finally {
    clearTimeout(timer);
  }
}

/** Weak entity tags promise equal meaning, not equal bytes. */
function validatorOf(response) {
  const tag = response.headers.get('etag');
  return tag && !tag.startsWith('W/') ? tag : (response.headers.get('last-modified') ?? undefined);
}

/** What is known of a half-finished file. Without a note, or with one of another URL, it is begun anew. */
function noteOf(part, url) {
  if (!existsSync(part)) return {};
  try {
    const note = JSON.parse(readFileSync(`${part}.json`, 'utf8'));
    return note.url === url ? note : {};
  } catch {
    return {};
  }
}

function writeNote(part, note) {
  writeFileSync(`${part}.json`, JSON.stringify(note));
}

function forget(part) {
  rmSync(part, { force: true });
  rmSync(`${part}.json`, { force: true });
}

function sizeOf(path) {
  return existsSync(path) ? statSync(path).size : 0;
}

function reasonOf(error) {
  return error.name === 'AbortError' ? 'no data for a while' : (error.cause?.message ?? error.message);
}
