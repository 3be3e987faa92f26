import { expect, test } from 'vitest';
import type { Command } from '../commands.ts';
import { spokenControl } from '../rules/spoken-control.ts';
import { type DeviceState, obey } from './obey.ts';

const device: DeviceState = {
  privacy: { microphone: false, camera: false },
  volume: 0.5,
  level: { level: 'live', reason: 'started', since: 0 },
  lastReply: undefined,
};

function only(type: Command['type'], commands: readonly Command[] | undefined): Command | undefined {
  return commands?.find((command) => command.type === type);
}

test('every spoken control there are rules for is obeyed', () => {
  for (const intent of Object.keys(spokenControl.intents)) expect(obey(intent, 50, device), intent).toBeDefined();
  expect(obey('open', undefined, device)).toBeUndefined();
});

test.each([
  ['louder', undefined, 0.5, 0.65],
  ['louder', undefined, 0.95, 1],
  ['quieter', undefined, 0.5, 0.35],
  ['quieter', undefined, 0.12, 0.1],
  ['volume-set', 7, 0.5, 0.7],
  ['volume-set', 35, 0.5, 0.35],
  ['volume-set', 0, 0.5, 0.1],
  ['volume-set', 900, 0.5, 1],
  ['loudest', undefined, 0.5, 1],
  ['quietest', undefined, 0.5, 0.1],
])('%s (%s) at volume %s sets %s', (intent, number, before, after) => {
  expect(only('setVolume', obey(intent, number, { ...device, volume: before }))).toMatchObject({ volume: after });
});

test.each([
  ['privacy-on', { microphone: true, camera: true }],
  ['privacy-off', { microphone: false, camera: false }],
  ['camera-off', { microphone: false, camera: true }],
  ['microphone-off', { microphone: true, camera: false }],
])('%s blocks exactly that', (intent, privacy) => {
  expect(only('setPrivacy', obey(intent, undefined, device))).toMatchObject({ privacy });
});

test('turning the camera on leaves a blocked microphone blocked', () => {
  const blocked = { ...device, privacy: { microphone: true, camera: true } };
  expect(only('setPrivacy', obey('camera-on', undefined, blocked))).toMatchObject({
    privacy: { microphone: true, camera: false },
  });
});

test('whoever turns the microphone off by voice is told that voice cannot turn it on', () => {
  for (const intent of ['microphone-off', 'privacy-on']) {
    expect(only('alert', obey(intent, undefined, device))).toMatchObject({ text: expect.stringContaining('button') });
  }
});

test('repeat says the last reply again, or that there is none', () => {
  expect(obey('repeat', undefined, { ...device, lastReply: 'A red door.' })).toEqual([
    { type: 'say', text: 'A red door.' },
  ]);
  expect(only('alert', obey('repeat', undefined, device))).toBeDefined();
});

test('are you there is answered with the reason when the device is offline', () => {
  const offline = { ...device, level: { level: 'offline' as const, reason: 'there is no network', since: 0 } };
  expect(only('alert', obey('are-you-there', undefined, offline))).toMatchObject({
    text: 'Yes, I am here. I am offline: there is no network.',
  });
});
