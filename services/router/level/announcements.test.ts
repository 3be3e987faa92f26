import { expect, test } from 'vitest';
import { announce, initialAnnouncements } from './announcements.ts';
import { initialLevel, type Level } from './service-level.ts';

function at(level: Level, reason: string, onTrial = false, toDo?: string) {
  const lostTo = toDo === undefined ? {} : { lostTo: { kind: 'auth', toDo } };
  return { ...initialLevel(undefined, true, 0), current: { level, reason, since: 0 }, onTrial, ...lostTo };
}

test('a change is one earcon and one sentence, and saying it again changes nothing', () => {
  const first = announce(initialAnnouncements({ level: 'live', reason: '' }), at('offline', 'there is no network'), 0);
  expect(first.commands).toEqual([{ type: 'alert', earcon: 'offline', text: 'I am offline: there is no network.' }]);
  expect(announce(first.state, at('offline', 'there is no network'), 1).commands).toEqual([]);
});

test('the same reason again within ten minutes is an earcon, later a sentence', () => {
  let { state } = announce(initialAnnouncements({ level: 'live', reason: '' }), at('http', 'quota'), 0);
  ({ state } = announce(state, at('live', 'the connection is back'), 60_000));
  expect(announce(state, at('http', 'quota'), 120_000).commands).toEqual([{ type: 'alert', earcon: 'attention' }]);
  expect(announce(state, at('http', 'network'), 120_000).commands).toMatchObject([{ text: expect.any(String) }]);
  expect(announce(state, at('http', 'quota'), 700_000).commands).toMatchObject([{ text: expect.any(String) }]);
});

test('a trial of HTTP is not announced before it has answered, and not at all where it fails', () => {
  const { state } = announce(initialAnnouncements({ level: 'live', reason: '' }), at('offline', 'x'), 0);
  const trial = announce(state, at('http', 'x', true), 1);
  expect(trial.commands).toEqual([]);
  expect(announce(trial.state, at('offline', 'x'), 2).commands).toEqual([]);
  expect(announce(trial.state, at('http', 'x'), 2).commands).toMatchObject([
    { text: 'I can answer again, but slowly.' },
  ]);
});

test('what a person must do is said once, with the reason, and never again while it stands', () => {
  const refused = at('offline', 'my access key is not accepted', false, 'Somebody has to put a valid key in.');
  const first = announce(initialAnnouncements({ level: 'live', reason: '' }), refused, 0);
  expect(first.commands).toEqual([
    {
      type: 'alert',
      earcon: 'offline',
      text: 'I am offline: my access key is not accepted. Somebody has to put a valid key in.',
    },
  ]);
  expect(announce(first.state, refused, 3_600_000).commands).toEqual([]);
  // A router that starts anew finds the level its predecessor announced.
  expect(announce(initialAnnouncements(refused.current), refused, 0).commands).toEqual([]);
});

test('at a level that stays, a reason that a person must mend is news, another one is none', () => {
  const { state } = announce(initialAnnouncements({ level: 'live', reason: '' }), at('offline', 'no network'), 0);
  expect(announce(state, at('offline', 'the service has a problem'), 1).commands).toEqual([]);
  const refused = at('offline', 'my access key is not accepted', false, 'Do something.');
  expect(announce(state, refused, 1).commands).toMatchObject([{ text: expect.stringContaining('Do something.') }]);
});
