import { readFileSync } from 'node:fs';
import { route } from '../services/router/routing/route.ts';

// Time to route one transcript: every sentence of the evaluation set in turn, the first round (a cold start) told apart.
const ROUNDS = 20;
const texts = readFileSync('services/router/evaluation/utterances.tsv', 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((row) => row.split('\t')[3] ?? '');

const cold = texts.map(timed);
const warm = Array.from({ length: ROUNDS }, () => texts.map(timed)).flat();
console.log(
  JSON.stringify({
    routed: warm.length,
    coldP99Ms: percentile(cold, 0.99),
    p50Ms: percentile(warm, 0.5),
    p99Ms: percentile(warm, 0.99),
    maxMs: percentile(warm, 1),
  }),
);

function timed(text: string): number {
  const startMs = performance.now();
  route(text);
  return performance.now() - startMs;
}

function percentile(tookMs: readonly number[], share: number): number {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
