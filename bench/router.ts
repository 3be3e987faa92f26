import { readFileSync } from 'node:fs';
import { route, warmUp } from '../services/router/routing/route.ts';
import { type BenchTable, percentiles } from './table.ts';

const ROUNDS = 20;

/**
 * Time to route one transcript: every sentence of the evaluation set in turn. `as it came` holds whatever else the machine
 * did; `the sentence itself` takes each sentence's median over the rounds, so that its p99 is about the slowest sentences.
 */
export async function benchRouter(): Promise<BenchTable> {
  const texts = readFileSync('services/router/evaluation/utterances.tsv', 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t')[3] ?? '');
  warmUp();
  const first = texts.map(timed);
  const rounds = Array.from({ length: ROUNDS }, () => texts.map(timed));
  const each = texts.map((_text, index) => percentiles(rounds.map((round) => round[index] ?? Number.NaN)).median);
  const row = (what: string, samples: number[]) => {
    const { n, median, p99 } = percentiles(samples);
    return { what, values: { n, 'median ms': median, 'p99 ms': p99 }, budget: 'p99 < 1 ms' };
  };
  return {
    title: 'Router: time to route one sentence',
    rows: [
      row('first time after the start', first),
      row('as it came', rounds.flat()),
      row('the sentence itself', each),
    ],
  };
}

function timed(text: string): number {
  const startMs = performance.now();
  route(text);
  return performance.now() - startMs;
}
