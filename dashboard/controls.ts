import type { Channel } from '#shared/contract/channel.ts';
import { interrupt, privacy, type RuntimeSettings, runtimeSettings, volume } from '#shared/contract/control.ts';
import { ask, say } from '#shared/contract/thinker.ts';
import { element } from './elements.ts';
import type { DashboardState } from './state.ts';

type Send = <Payload>(channel: Channel<Payload>, payload: Payload) => void;

const PRIVACY_BUTTONS = { microphone: 'block-microphone', camera: 'block-camera' } as const;

/** Buttons, switches and fields that send commands. `state` is asked at each use, because commands build on the last values. */
export function wireControls(state: () => DashboardState, send: Send): void {
  const sendInterrupt = (): void => send(interrupt, { id: crypto.randomUUID(), source: 'operator', at: Date.now() });
  element('interrupt', HTMLButtonElement).addEventListener('click', sendInterrupt);
  document.addEventListener('keydown', (event) => {
    const dialogOpen = element('login-dialog', HTMLDialogElement).open;
    if (event.key === 'Escape' && !dialogOpen && state().account === 'operator') sendInterrupt();
  });

  for (const device of ['microphone', 'camera'] as const) {
    element(PRIVACY_BUTTONS[device], HTMLButtonElement).addEventListener('click', () => {
      const blocked = state().latest.privacy ?? { microphone: false, camera: false };
      send(privacy, { ...blocked, [device]: !blocked[device] });
    });
  }

  element('volume', HTMLInputElement).addEventListener('change', (event) => {
    send(volume, { volume: (event.currentTarget as HTMLInputElement).valueAsNumber / 100 });
  });
  element('barge-in', HTMLSelectElement).addEventListener('change', (event) => {
    const bargeIn = (event.currentTarget as HTMLSelectElement).value as NonNullable<RuntimeSettings['bargeIn']>;
    send(runtimeSettings, { ...state().latest.runtimeSettings, bargeIn });
  });

  element('ask-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const field = element('ask-text', HTMLInputElement);
    const text = field.value.trim();
    if (!text) return;
    const verbatim = (event.submitter as HTMLButtonElement | null)?.value === 'say';
    if (verbatim) send(say, { id: crypto.randomUUID(), text });
    else send(ask, { id: crypto.randomUUID(), text, withFrame: true });
    field.value = '';
  });
}

/** Shows what is in force, and takes the controls from guests. */
export function renderControls({ account, link, latest }: DashboardState): void {
  const mayCommand = account === 'operator' && link === 'open';
  for (const id of ['commands', 'ask-fields']) element(id, HTMLFieldSetElement).disabled = !mayCommand;
  element('guest-note', HTMLElement).hidden = account === 'operator';
  for (const device of ['microphone', 'camera'] as const) {
    const blocked = latest.privacy?.[device] ?? false;
    element(PRIVACY_BUTTONS[device], HTMLButtonElement).setAttribute('aria-pressed', String(blocked));
  }
  const slider = element('volume', HTMLInputElement);
  const loudness = latest.volume?.volume ?? latest.speakerState?.volume;
  if (loudness !== undefined && document.activeElement !== slider) slider.valueAsNumber = Math.round(loudness * 100);
  const choice = element('barge-in', HTMLSelectElement);
  if (document.activeElement !== choice) choice.value = latest.runtimeSettings?.bargeIn ?? '';
}
