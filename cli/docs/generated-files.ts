import { readFileSync } from 'node:fs';
import { renderAsyncApi } from './asyncapi.ts';
import { insertGenerated, settingsTable, topicsTable } from './tables.ts';

/** Every file with generated parts, as it must read now. The unit test compares, `npm run docs` writes. */
export function generatedFiles(): { path: string; content: string }[] {
  const read = (path: string) => readFileSync(path, 'utf8');
  return [
    { path: 'docs/asyncapi.yaml', content: renderAsyncApi() },
    {
      path: 'docs/protocol.md',
      content: insertGenerated(
        insertGenerated(read('docs/protocol.md'), 'topics', topicsTable()),
        'settings',
        settingsTable(),
      ),
    },
  ];
}
