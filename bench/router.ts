import { readFileSync } from 'node:fs';
import { route } from '../services/router/routing/route.ts';
import { type BenchTable, percentiles } from './table.ts';

const ROUNDS = 20;

/** Time to route one transcript: every sentence of the evaluation set in turn, the first round (a cold start) told apart. */
export async function benchRouter(): Promise<BenchTable> {
  const texts = readFileSync('services/router/evaluation/utterances.tsv', 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t')[3] ?? '');
  const cold = percentiles(texts.map(timed));
  const warm = percentiles(Array.from({ length: ROUNDS }, () => texts.map(timed)).flat());
  const row = (what: string, { n, median, p99 }: typeof warm) => ({
    what,
    values: { n, 'median ms': median, 'p99 ms': p99 },
    budget: 'p99 < 1 ms',
  });
  return { title: 'Router: time to route one sentence', rows: [row('first time', cold), row('warm', warm)] };
}

function timed(text: string): number {
  const startMs = performance.now();
  route(text);
  return performance.now() - startMs;
}
