import { expect, test } from 'vitest';
import { announce, initialAnnouncements } from './announcements.ts';
import { initialLevel, type Level } from './service-level.ts';

function at(level: Level, reason: string, onTrial = false) {
  return { ...initialLevel(undefined, true, 0), current: { level, reason, since: 0 }, onTrial };
}

test('a change is one earcon and one sentence, and saying it again changes nothing', () => {
  const first = announce(initialAnnouncements('live'), at('offline', 'there is no network'), 0);
  expect(first.commands).toEqual([{ type: 'alert', earcon: 'offline', text: 'I am offline: there is no network.' }]);
  expect(announce(first.state, at('offline', 'there is no network'), 1).commands).toEqual([]);
});

test('the same reason again within ten minutes is an earcon, later a sentence', () => {
  let { state } = announce(initialAnnouncements('live'), at('http', 'quota'), 0);
  ({ state } = announce(state, at('live', 'the connection is back'), 60_000));
  expect(announce(state, at('http', 'quota'), 120_000).commands).toEqual([{ type: 'alert', earcon: 'attention' }]);
  expect(announce(state, at('http', 'network'), 120_000).commands).toMatchObject([{ text: expect.any(String) }]);
  expect(announce(state, at('http', 'quota'), 700_000).commands).toMatchObject([{ text: expect.any(String) }]);
});

test('a trial of HTTP is not announced before it has answered, and not at all where it fails', () => {
  const { state } = announce(initialAnnouncements('live'), at('offline', 'x'), 0);
  const trial = announce(state, at('http', 'x', true), 1);
  expect(trial.commands).toEqual([]);
  expect(announce(trial.state, at('offline', 'x'), 2).commands).toEqual([]);
  expect(announce(trial.state, at('http', 'x'), 2).commands).toMatchObject([
    { text: 'I can answer again, but slowly.' },
  ]);
});
