import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundLogFile, logFilesOf } from './bounded-log-file.ts';

describe('the logs of a process', () => {
  it('are the one PM2 writes for it, and the one PM2 keeps beside its folder of pid files', () => {
    const pm2 = { pm_out_log_path: '/state/logs/speaker.log', pm_pid_path: '/home/pi/.pm2/pids/speaker-3.pid' };
    expect(logFilesOf(pm2)).toEqual(['/state/logs/speaker.log', '/home/pi/.pm2/pm2.log']);
  });

  it('are none where it does not run under PM2', () => expect(logFilesOf({})).toEqual([]));
});

describe('a log file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cortex-log-'));
    path = join(folder, 'speaker.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is left alone while it is small, and where there is none', async () => {
    await boundLogFile(path, 10);
    writeFileSync(path, '0123456789');
    await boundLogFile(path, 10);
    expect(readdirSync(folder)).toEqual(['speaker.log']);
    expect(readFileSync(path, 'utf8')).toBe('0123456789');
  });

  it('that has grown too large goes on empty, for those who hold it open too, with the old lines beside it', async () => {
    writeFileSync(path, '0123456789x');
    const writer = openSync(path, 'a');
    await boundLogFile(path, 10);
    writeSync(writer, 'new');
    closeSync(writer);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('0123456789x');
  });

  it('is emptied even where its old lines cannot be kept', async () => {
    const elsewhere = join(folder, 'no such folder', 'speaker.log');
    symlinkSync(elsewhere, `${path}.1`);
    writeFileSync(path, '0123456789x');
    await boundLogFile(path, 10);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(readdirSync(folder)).toEqual(['speaker.log']);
  });
});
