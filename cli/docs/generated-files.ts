import { readFileSync } from 'node:fs';
import { renderAsyncApi } from './asyncapi.ts';
import { insertGenerated, rightsMarkdown, settingsTable, topicsTable } from './tables.ts';

/** Every file with generated parts, as it must read now. The unit test compares, `npm run docs` writes. */
export function generatedFiles(): { path: string; content: string }[] {
  const read = (path: string) => readFileSync(path, 'utf8');
  const tables = { topics: topicsTable(), rights: rightsMarkdown(), settings: settingsTable() };
  return [
    { path: 'docs/asyncapi.yaml', content: renderAsyncApi() },
    {
      path: 'docs/protocol.md',
      content: Object.entries(tables).reduce(
        (text, [name, table]) => insertGenerated(text, name, table),
        read('docs/protocol.md'),
      ),
    },
  ];
}
