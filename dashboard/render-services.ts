import { SERVICES } from '#shared/contract/channel.ts';
import { create, element, setText } from './elements.ts';
import { duration, megabytes, meterName, meterValue } from './format.ts';
import type { DashboardState, ServiceView } from './state.ts';

/** One row a service, and below the table all meters of each. */
export function renderServices(state: DashboardState, nowMs: number): void {
  const body = element('services', HTMLTableSectionElement);
  const names = [...new Set([...SERVICES, ...Object.keys(state.services)])];
  names.forEach((name, index) => {
    const row = body.rows[index] ?? blankRow(body);
    const view = state.link === 'open' ? (state.services[name] ?? {}) : {};
    const online = view.status?.state === 'online';
    row.dataset['state'] = view.status?.state ?? 'unknown';
    const values = [
      name,
      view.status?.state ?? 'not heard of',
      view.status?.uses ?? '',
      online && view.status ? duration(nowMs - view.status.startedAt) : '',
      gauge(view, 'rssBytes', megabytes),
      gauge(view, 'eventLoopDelayP99Ms', (ms) => `${ms.toFixed(1)} ms`),
      online && view.status ? String(view.status.pid) : '',
    ];
    values.forEach((value, column) => {
      const cell = row.cells[column];
      if (cell) setText(cell, value);
    });
  });
  const details = element('all-meters', HTMLDetailsElement);
  if (details.open) renderMeters(state);
}

function blankRow(body: HTMLTableSectionElement): HTMLTableRowElement {
  const row = body.insertRow();
  const heading = create('th');
  heading.scope = 'row';
  row.append(heading);
  for (let column = 1; column < 7; column += 1) row.insertCell();
  return row;
}

function gauge({ metrics }: ServiceView, name: string, format: (value: number) => string): string {
  const value = metrics?.gauges[name];
  return value === undefined ? '' : format(value);
}

function renderMeters({ services }: DashboardState): void {
  const lists = Object.entries(services).flatMap(([service, { metrics }]) => {
    if (!metrics) return [];
    const section = create('section', 'meters');
    const list = create('dl');
    for (const [name, value] of Object.entries({ ...metrics.gauges, ...metrics.counters }).sort()) {
      list.append(create('dt', '', meterName(name)), create('dd', '', meterValue(name, value)));
    }
    section.append(create('h3', '', service), list);
    return [section];
  });
  element('meters', HTMLElement).replaceChildren(...lists);
}
