/** What a benchmark found. Every row names its unit; `budget` is the goal it is held against, `note` what could not be measured. */
export interface BenchRow {
  what: string;
  values: Record<string, number | string>;
  budget?: string;
  note?: string;
}

export interface BenchTable {
  title: string;
  rows: BenchRow[];
}

/** Median, 95th and 99th percentile of many rounds. Throws RangeError without any. */
export function percentiles(samples: readonly number[]): { n: number; median: number; p95: number; p99: number } {
  if (samples.length === 0) throw new RangeError('no samples to summarise');
  const sorted = [...samples].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { n: sorted.length, median: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** The table as aligned text. */
export function renderBenchTable({ title, rows }: BenchTable): string {
  const columns = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const head = ['', ...columns, 'budget', 'note'];
  const body = rows.map(({ what, values, budget, note }) => [
    what,
    ...columns.map((column) => show(values[column])),
    budget ?? '',
    note ?? '',
  ]);
  const widths = head.map((_cell, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [`\n${title}`, line(head), ...body.map(line)].join('\n');
}

function show(value: number | string | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
