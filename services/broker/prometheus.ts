import type { Metrics, Status } from '#shared/contract/service.ts';

/** The last words of one service, as far as they were heard. */
export interface ServiceReport {
  status?: Status;
  metrics?: Metrics;
}

/**
 * Prometheus text format 0.0.4: `cortex_service_up`, and every counter (`…_total`) and gauge of every service, labelled with
 * the service. camelCase becomes snake_case; a name Prometheus would not accept is left out.
 */
export function prometheusText(reports: ReadonlyMap<string, ServiceReport>): string {
  const families = new Map<string, { type: 'counter' | 'gauge'; lines: string[] }>();

  function sample(name: string, type: 'counter' | 'gauge', labels: string, value: number): void {
    if (!/^[a-z_][a-z0-9_]*$/.test(name)) return;
    const family = families.get(name) ?? { type, lines: [] };
    families.set(name, family);
    family.lines.push(`${name}{${labels}} ${value}`);
  }

  for (const [service, { status, metrics }] of reports) {
    const label = `service="${escapeLabel(service)}"`;
    if (status) {
      sample('cortex_service_up', 'gauge', label, status.state === 'online' ? 1 : 0);
      sample('cortex_service_started_seconds', 'gauge', label, status.startedAt / 1_000);
    }
    // A service that has gone keeps no values: a stale gauge would look alive.
    if (!metrics || status?.state === 'offline') continue;
    for (const [name, value] of Object.entries(metrics.counters)) {
      sample(`cortex_${snakeCase(name)}_total`, 'counter', label, value);
    }
    for (const [name, value] of Object.entries(metrics.gauges)) {
      sample(`cortex_${snakeCase(name)}`, 'gauge', label, value);
    }
  }
  return [...families].map(([name, { type, lines }]) => `# TYPE ${name} ${type}\n${lines.join('\n')}\n`).join('');
}

function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
