import { describe, expect, it } from 'vitest';
import { ALL_CHANNELS } from './all-channels.ts';
import { ACCOUNTS, type Account } from './channel.ts';
import { mayPublish, mayReceive, maySubscribe, rightsTable } from './rights.ts';

describe('what an account may publish', () => {
  it.each<[Account, string, boolean]>([
    ['audio-in', 'audio-in/pcm', true],
    ['audio-in', 'control/interrupt', true],
    ['audio-in', 'control/privacy', false],
    ['vision', 'vision/frame', true],
    ['vision', 'control/privacy', false],
    ['vision', 'speaker/alert', true],
    ['vision', 'vision/status', true],
    ['vision', 'vision/metrics', true],
    ['vision', 'thinker/status', false],
    ['thinker', 'tools/compass/call', true],
    ['thinker', 'tools/compass/declare', false],
    ['thinker', 'audio-in/pcm/resend', true],
    ['speaker', 'audio-in/pcm/resend', false],
    ['router', 'control/fallback', true],
    ['router', 'control/privacy', true],
    ['router', 'anything/else', false],
    ['broker', 'broker/status', true],
    ['broker', 'speaker/alert', false],
    ['guest', 'control/interrupt', false],
    ['guest', 'guest/status', false],
    ['operator', 'control/privacy', true],
    ['operator', 'layer9/anything', true],
  ])('%s on %s: %s', (account, topic, allowed) => {
    expect(mayPublish(account, topic)).toBe(allowed);
  });

  it('is nothing at all for a guest', () => {
    for (const { topic } of ALL_CHANNELS) expect(mayPublish('guest', topic.replace(/\{\w+\}/g, 'guest'))).toBe(false);
  });
});

describe('what an account may hear', () => {
  it.each<[Account, string, boolean]>([
    ['guest', 'thinker/transcript', true],
    ['guest', 'audio-in/level', true],
    ['guest', 'audio-in/pcm/resend', true],
    ['guest', 'audio-in/pcm', false],
    ['guest', 'vision/frame', false],
    ['guest', 'vision/frame/left', false],
    ['guest', 'yolo/frame', false],
    ['guest', 'yolo/boxes', true],
    ['thinker', 'audio-in/pcm', true],
    ['operator', 'vision/frame', true],
  ])('%s from %s: %s', (account, topic, allowed) => {
    expect(mayReceive(account, topic, ['yolo/frame'])).toBe(allowed);
  });

  it.each<[string, boolean]>([
    ['#', true],
    ['+/frame', true],
    ['vision/+', true],
    ['vision/frame', false],
    ['vision/frame/#', false],
    ['audio-in/pcm', false],
  ])('a guest asking for %s is granted it: %s', (filter, granted) => {
    expect(maySubscribe('guest', filter)).toBe(granted);
  });
});

describe('the table of rights', () => {
  it('has a row for every channel and names the operator as publisher everywhere', () => {
    const rows = rightsTable();
    expect(rows.map((row) => row.topic)).toEqual(ALL_CHANNELS.map((channel) => channel.topic));
    for (const row of rows) expect(row.publish).toContain('operator');
  });

  it('keeps microphone and camera from guests and from nobody else', () => {
    const kept = rightsTable().filter((row) => !row.receive.includes('guest'));
    expect(kept.map((row) => row.topic)).toEqual(['audio-in/pcm', 'audio-in/handover', 'vision/frame']);
    for (const row of kept) expect(row.receive).toHaveLength(ACCOUNTS.length - 1);
  });
});
