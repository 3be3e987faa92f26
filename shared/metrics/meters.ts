import type { Metrics } from '#shared/contract/service.ts';

/** The counters and gauges of one process. Names are camelCase and end in their unit where they have one. */
export class Meters {
  private readonly counters: Record<string, number> = {};
  private readonly gauges: Record<string, number> = {};

  count(name: string, by = 1): void {
    this.counters[name] = (this.counters[name] ?? 0) + by;
  }

  gauge(name: string, value: number): void {
    this.gauges[name] = value;
  }

  /** A copy of the present values. @param atMs Unix time in milliseconds. */
  snapshot(atMs: number): Metrics {
    return { counters: { ...this.counters }, gauges: { ...this.gauges }, at: atMs };
  }
}
