import { expect, test } from 'vitest';
import { openCount } from './layers/layer-requests.ts';
import { nextRouter } from './router.ts';
import { initialRouter, type RouterState } from './router-state.ts';

const START_MS = 1_000_000;

function said(state: RouterState, turn: number, text: string) {
  const transcript = { turn, role: 'user' as const, text, final: true, at: 0 };
  return nextRouter(state, { type: 'transcribed', transcript, atMs: START_MS + turn });
}

test('a second command builds on the first, before the broker has brought its effect back', () => {
  const half = { ...initialRouter(undefined, true, START_MS), volume: 0.5 };
  const second = said(said(half, 1, 'louder').state, 2, 'louder');
  expect(second.commands).toContainEqual({ type: 'setVolume', volume: 0.8 });
  const blocked = said(said(half, 3, 'camera off').state, 4, 'microphone off');
  expect(blocked.commands).toContainEqual({ type: 'setPrivacy', privacy: { microphone: true, camera: true } });
});

test('the interrupt comes before the confirmation, which it would silence', () => {
  const { commands } = said(initialRouter(undefined, true, START_MS), 1, 'camera off');
  expect(commands.map(({ type }) => type).slice(0, 3)).toEqual(['interrupt', 'setPrivacy', 'alert']);
});

test('offline the other layers answer alone, for the model cannot', () => {
  const offline = initialRouter({ level: 'offline', reason: 'there is no network', since: 0 }, true, START_MS);
  expect(said(offline, 1, 'what do you see').commands.map(({ type }) => type)).toContain('interrupt');
  expect(said(initialRouter(undefined, true, 0), 1, 'what do you see').commands.map(({ type }) => type)).not.toContain(
    'interrupt',
  );
});

test('stop takes back what the other layers were asked', () => {
  const asked = said(initialRouter(undefined, true, START_MS), 1, 'take me home').state;
  expect(openCount(asked.requests)).toBe(1);
  expect(openCount(said(asked, 2, 'cancel').state.requests)).toBe(0);
});
