import { element, setText } from './elements.ts';
import { lampOf } from './lamp.ts';
import type { DashboardState } from './state.ts';

const LEVELS = { live: 'Live', http: 'HTTP', offline: 'Offline' } as const;

/** Lamp, state in words, SIMULATED, level of service. */
export function renderHeader(state: DashboardState, nowMs: number): void {
  const lamp = lampOf(state, nowMs);
  const bulb = element('lamp', HTMLElement);
  bulb.dataset['colour'] = lamp.colour;
  bulb.toggleAttribute('data-flash', lamp.flashing);
  setText(element('lamp-label', HTMLElement), lamp.label);
  setText(element('lamp-detail', HTMLElement), lamp.detail);
  element('simulated', HTMLElement).hidden = state.latest.session?.simulated !== true;
  const level = state.latest.fallback?.level ?? 'live';
  const badge = element('level', HTMLElement);
  badge.dataset['level'] = level;
  setText(badge, `Level: ${LEVELS[level]}`);
  badge.title = state.latest.fallback?.reason ?? '';
  setText(element('model', HTMLElement), state.latest.session?.model ?? '');
  document.title = `${lamp.label} · Cortex Live`;
}
