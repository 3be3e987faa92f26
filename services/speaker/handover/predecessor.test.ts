import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PlayoutRecordFile } from './playout-record.ts';
import { findPredecessor } from './predecessor.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'predecessor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('goes by the last record of a predecessor that wrote another one just before it died', () => {
  const path = join(folder, 'record');
  const file = new PlayoutRecordFile(path);
  const write = (position: number) =>
    file.write({
      ...{
        process: '1:1',
        atMs: 0,
        final: false,
        toGo: 0,
        silentAtMs: 0,
        perishable: 0,
        leaving: [],
        over: [],
        known: [],
      },
      turns: [{ turn: 7, position, told: 'started' }],
    });
  write(120);
  const isAlive = () => {
    write(240);
    return false;
  };
  const found = findPredecessor(path, { me: '2:2', isAlive });
  file.close();
  expect(found).toMatchObject({ alive: false, record: { turns: [{ position: 240 }] } });
});
