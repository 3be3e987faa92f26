import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AplayProcess } from './aplay-process.ts';

it('a speaker whose pipes have gone to another aplay does not send its successor’s successor astray', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aplay-'));
  const older = await AplayProcess.start(folder, ['--version']);
  const younger = await AplayProcess.start(folder, ['--version']);
  try {
    const note = { pcm: 'default', rateHz: 24_000, channels: 1 as const, queued: 2, user: '1:1' };
    younger.note({ ...note, pid: younger.pid });
    older.note({ ...note, pid: older.pid, queued: 4 });
    const noted = JSON.parse(readFileSync(join(folder, 'speaker-aplay.json'), 'utf8'));
    expect(noted).toMatchObject({ pid: younger.pid, queued: 2 });
  } finally {
    for (const each of [older, younger]) {
      each.release();
      each.deafen();
    }
    rmSync(folder, { recursive: true });
  }
});
