import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedFiles } from './generated-files.ts';

it.each(generatedFiles().map(({ path, content }) => [path, content]))(
  '%s is up to date (npm run docs)',
  (path, content) => {
    expect(readFileSync(path, 'utf8')).toBe(content);
  },
);
