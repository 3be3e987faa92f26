import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { benchBargeIn } from './barge-in.ts';
import { benchConversation } from './conversation.ts';
import { benchEndpointing } from './endpointing.ts';
import { benchFuzz } from './fuzz.ts';
import { benchHostileBus } from './hostile-bus.ts';
import { benchRestartAll } from './restart-all.ts';
import { benchRestartMatrix } from './restart-matrix.ts';
import { benchRouter } from './router.ts';
import { benchSoak } from './soak.ts';
import { benchSpokenControl } from './spoken-control.ts';
import { benchSwitches } from './switches.ts';
import { type BenchTable, renderBenchTable } from './table.ts';
import { benchVision } from './vision.ts';

/** Every benchmark by the name it is asked for with: `npm run bench -- router`. Without a name all but the longest run. */
const BENCHES: Record<string, () => Promise<BenchTable>> = {
  'barge-in': benchBargeIn,
  endpointing: benchEndpointing,
  conversation: benchConversation,
  fuzz: benchFuzz,
  'hostile-bus': benchHostileBus,
  restarts: benchRestartMatrix,
  'restart-all': benchRestartAll,
  router: benchRouter,
  'spoken-control': benchSpokenControl,
  switches: benchSwitches,
  vision: benchVision,
  soak: benchSoak,
};
/** Half an hour the one, some minutes the other: only where they are asked for. */
const ONLY_BY_NAME = new Set(['soak', 'fuzz']);

async function main(): Promise<void> {
  const asked = process.argv.slice(3);
  const unknown = asked.filter((name) => !BENCHES[name]);
  if (unknown.length > 0) {
    console.error(`No benchmark is called ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`);
    process.exitCode = 1;
    return;
  }
  const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, memoryBytes: totalmem(), node: process.version };
  console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
  const tables: BenchTable[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (asked.length > 0 ? !asked.includes(name) : ONLY_BY_NAME.has(name)) continue;
    const table = await bench();
    tables.push(table);
    console.log(renderBenchTable(table));
  }
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(
    'bench/results/latest.json',
    `${JSON.stringify({ at: new Date().toISOString(), machine, tables }, null, 2)}\n`,
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
