import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';

/** A machine under load takes its time; what is waited for has no limit of its own. */
const EVENTUALLY = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

const SCRIPT = join(import.meta.dirname, '../../scripts/download-models.mjs');
const MODEL = 'a-voice';
const WEIGHTS = Buffer.alloc(400_000, 'weights of little use ');

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let folder = '';
let modelsDir = '';
let manifest = '';
let archive: Buffer;
let answer: Handler;
let requests: IncomingMessage[] = [];
const server = createServer((request, response) => {
  requests.push(request);
  answer(request, response);
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
  mkdirSync(join(folder, MODEL));
  writeFileSync(join(folder, MODEL, 'model.onnx'), WEIGHTS);
  writeFileSync(join(folder, MODEL, 'tokens.txt'), 'a 0\n');
  // Not compressed, so that it takes more than one packet.
  execFileSync('tar', ['-cf', 'archive.tar', MODEL], { cwd: folder });
  archive = readFileSync(join(folder, 'archive.tar'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  requests = [];
  answer = serve();
  modelsDir = join(folder, 'models');
  manifest = writeManifest();
});
afterEach(() => rmSync(modelsDir, { recursive: true, force: true }));

interface Pins {
  bytes?: number;
  sha256?: string;
}

function writeManifest(archivePins: Pins = {}, filePins: Pins = {}): string {
  const path = join(folder, 'manifest.json');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/archive.tar`;
  const none = { bytes: null, sha256: null };
  const model = {
    role: 'voice',
    name: MODEL,
    archive: { url, approximateMegabytes: 0.4, ...none, ...archivePins },
    files: [
      { path: 'model.onnx', ...none, ...filePins },
      { path: 'tokens.txt', ...none },
    ],
  };
  writeFileSync(path, JSON.stringify({ models: [model] }));
  return path;
}

/** A server that knows ranges; it closes the connection after each of `cuts` bytes, once. */
function serve({ cuts = [] as number[], ranges = true, tag = '"one"' } = {}): Handler {
  const left = [...cuts];
  return (request, response) => {
    const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const fresh = request.headers['if-range'] === tag;
    const start = ranges && wanted && fresh ? Number(wanted) : 0;
    const body = archive.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      etag: tag,
      'content-length': body.length,
      ...(start > 0 && { 'content-range': `bytes ${start}-${archive.length - 1}/${archive.length}` }),
    });
    const cut = left.shift();
    if (cut === undefined) response.end(body);
    else response.write(body.subarray(0, cut), () => response.socket?.end());
  };
}

function run(more: string[] = [], env?: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SCRIPT, '--manifest', manifest, '--dir', modelsDir, ...more], { env });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const installed = (path: string): string => join(modelsDir, MODEL, path);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

it('puts a model in place, whole, with a record of what it was, and nothing else', async () => {
  const { code, output } = await run();
  expect(output).toContain('not pinned');
  expect(code).toBe(0);
  expect(readFileSync(installed('model.onnx')).equals(WEIGHTS)).toBe(true);
  expect(JSON.parse(readFileSync(installed('downloaded.json'), 'utf8'))).toMatchObject({
    archive: { bytes: archive.length, sha256: sha256(archive) },
    files: { 'model.onnx': { bytes: WEIGHTS.length, sha256: sha256(WEIGHTS) } },
  });
  expect(readdirSync(modelsDir)).toEqual([MODEL]);
});

it('downloads nothing that is there and whole, and replaces what is damaged', async () => {
  await run();
  expect(await run()).toMatchObject({ code: 0, output: expect.stringContaining('is there and whole') });
  expect(requests).toHaveLength(1);
  writeFileSync(installed('model.onnx'), WEIGHTS.subarray(0, 9));
  expect((await run()).code).toBe(0);
  expect(statSync(installed('model.onnx')).size).toBe(WEIGHTS.length);
});

it('goes on where the connection was cut', async () => {
  answer = serve({ cuts: [150_000] });
  expect((await run()).code).toBe(0);
  expect(requests.map(({ headers }) => headers.range !== undefined)).toEqual([false, true]);
  expect(readFileSync(installed('model.onnx')).equals(WEIGHTS)).toBe(true);
});

it('goes on where it was itself cut off, in another run', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { etag: '"one"', 'content-length': archive.length });
    response.write(archive.subarray(0, 200_000));
  };
  const child = spawn(process.execPath, [SCRIPT, '--manifest', manifest, '--dir', modelsDir], { stdio: 'ignore' });
  const part = join(modelsDir, 'archive.tar.part');
  await expect.poll(() => existsSync(part) && statSync(part).size, EVENTUALLY).toBe(200_000);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('close', resolve));
  expect(existsSync(installed('model.onnx'))).toBe(false);
  answer = serve();
  expect((await run()).code).toBe(0);
  expect(requests.at(-1)?.headers.range).toBe('bytes=200000-');
  expect(readFileSync(installed('model.onnx')).equals(WEIGHTS)).toBe(true);
});

it.each([
  ['the server knows no ranges', serve({ ranges: false })],
  ['the file has changed meanwhile', serve({ tag: '"two"' })],
])('begins anew where %s', async (_why, handler) => {
  mkdirSync(modelsDir);
  const { archive: facts } = JSON.parse(readFileSync(manifest, 'utf8')).models[0];
  writeFileSync(join(modelsDir, 'archive.tar.part'), 'the beginning of another file');
  writeFileSync(join(modelsDir, 'archive.tar.part.json'), JSON.stringify({ url: facts.url, validator: '"one"' }));
  answer = handler;
  expect((await run()).code).toBe(0);
  expect(readFileSync(installed('model.onnx')).equals(WEIGHTS)).toBe(true);
});

it.each([
  ['the archive has another checksum', { sha256: 'f'.repeat(64) }, {}, 'archive.tar is not the file'],
  ['the archive has another size', { bytes: 5 }, {}, 'instead of 5'],
  ['a file in it is another one', {}, { sha256: 'f'.repeat(64) }, 'a-voice/model.onnx is not the file'],
])('keeps nothing where %s', async (_what, archivePins, filePins, words) => {
  manifest = writeManifest(archivePins, filePins);
  const { code, output } = await run();
  expect(code).toBe(1);
  expect(output).toContain(words);
  expect(existsSync(installed('model.onnx'))).toBe(false);
  expect(readdirSync(modelsDir)).toEqual([]);
});

it('does not download again what this machine only could not unpack', async () => {
  const withoutTar = { PATH: folder };
  expect(await run([], withoutTar)).toMatchObject({
    code: 1,
    output: expect.stringContaining('apt-get install tar bzip2'),
  });
  expect((await run()).code).toBe(0);
  expect(requests).toHaveLength(1);
});

it('says so, and does not try again, where the server has no such file', async () => {
  answer = (_request, response) => response.writeHead(404).end();
  const { code, output } = await run();
  expect(code).toBe(1);
  expect(output).toContain('answers 404');
  expect(requests).toHaveLength(1);
});

it('pins sizes and checksums on demand, and accepts nothing else from then on', async () => {
  expect((await run(['--pin'])).code).toBe(0);
  const { models } = JSON.parse(readFileSync(manifest, 'utf8'));
  expect(models[0].archive).toMatchObject({ bytes: archive.length, sha256: sha256(archive) });
  expect(models[0].files[0]).toMatchObject({ bytes: WEIGHTS.length, sha256: sha256(WEIGHTS) });
  rmSync(modelsDir, { recursive: true });
  const pinned = await run();
  expect(pinned.code).toBe(0);
  expect(pinned.output).not.toContain('not pinned');
});

it('knows which models there are', async () => {
  expect(await run(['--only', 'nose'])).toMatchObject({ code: 1, output: expect.stringContaining('there is voice') });
});
