import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeWav } from '#shared/audio/wav.ts';
import { pocketsphinxRecogniser } from './recogniser.ts';
import { bestVoice, hum } from './voice.ts';

/** A folder that is the whole PATH: only what a test puts there is installed. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  vi.stubEnv('PATH', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function install(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

describe('the voice', () => {
  it('hums where espeak-ng is not installed', async () => {
    expect(await bestVoice()('one two three')).toEqual(hum('one two three'));
  });

  it('hums for once where espeak-ng fails', async () => {
    install('espeak-ng', 'exit 1');
    const voice = bestVoice();
    expect(await voice('one')).toEqual(hum('one'));
    const wav = writeWav({ sampleRateHz: 24_000, samples: new Int16Array(7) });
    writeFileSync(join(folder, 'speech.wav'), wav);
    install('espeak-ng', `/bin/cat > /dev/null; exec /bin/cat ${join(folder, 'speech.wav')}`);
    expect(await voice('one')).not.toEqual(hum('one'));
  });

  it('speaks with espeak-ng where it is, at 24 kHz and to the last sample', async () => {
    const wav = writeWav({ sampleRateHz: 22_050, samples: new Int16Array(22_050).fill(5_000) });
    writeFileSync(join(folder, 'speech.wav'), wav);
    install('espeak-ng', `/bin/cat > /dev/null; exec /bin/cat ${join(folder, 'speech.wav')}`);
    const spoken = await bestVoice()('hello');
    const loud = spoken.filter((sample) => sample > 2_500).length;
    expect(Math.abs(loud - 24_000)).toBeLessThan(50);
  });

  it('hums one tone a word, the longer the word the longer the tone', () => {
    expect(hum('')).toHaveLength(0);
    expect(hum('ab abcd').length).toBe(24_000 * (0.06 * 2 + 0.06 + 0.06 * 4 + 0.06));
  });
});

describe('the recogniser', () => {
  it('gives the words PocketSphinx prints for the very sound it was given', async () => {
    const copy = join(folder, 'copy.wav');
    install('pocketsphinx_continuous', `/bin/cp "$2" ${copy}; echo "what is"; echo " this "`);
    const samples = Int16Array.of(1, 2, 3);
    expect(await pocketsphinxRecogniser()(samples)).toBe('what is this');
    expect(readFileSync(copy)).toEqual(writeWav({ sampleRateHz: 16_000, samples }));
  });

  it('knows no words where PocketSphinx is missing, fails or says nothing', async () => {
    const recognise = pocketsphinxRecogniser();
    expect(await recognise(new Int16Array(10))).toBeUndefined();
    install('pocketsphinx_continuous', 'exit 1');
    expect(await pocketsphinxRecogniser()(new Int16Array(10))).toBeUndefined();
    install('pocketsphinx_continuous', 'exit 0');
    expect(await pocketsphinxRecogniser()(new Int16Array(10))).toBeUndefined();
  });
});
