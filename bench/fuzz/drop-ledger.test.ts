import { expect, it } from 'vitest';
import { DropLedger } from './drop-ledger.ts';

it('counts for each account what is on the topics it has asked for', () => {
  const ledger = new DropLedger();
  ledger.subscribed('thinker:thinker-1', ['audio-in/speech', '+/status']);
  ledger.subscribed('router:router-1', ['control/volume']);
  ledger.sent('audio-in/speech', false);
  ledger.sent('audio-in/speech', true);
  ledger.sent('router/status', false);
  ledger.sent('vision/frame', false);
  expect(ledger.sentTo('thinker')).toEqual({ payloads: 3, undecodable: 2, refusable: 0 });
  expect(ledger.sentTo('router')).toEqual({ payloads: 0, undecodable: 0, refusable: 0 });
  expect(ledger.sentTo('vision')).toEqual({ payloads: 0, undecodable: 0, refusable: 0 });
});

it('counts a payload once, by however many filters it comes', () => {
  const ledger = new DropLedger();
  ledger.subscribed('speaker:a', ['speaker/alert', 'speaker/+']);
  ledger.sent('speaker/alert', false);
  expect(ledger.sentTo('speaker').undecodable).toBe(1);
});

it('forgets what an account no longer wants', () => {
  const ledger = new DropLedger();
  ledger.subscribed('speaker:a', ['speaker/alert', 'control/volume']);
  ledger.unsubscribed('speaker:a', ['control/volume']);
  ledger.sent('control/volume', false);
  ledger.sent('speaker/alert', false);
  expect(ledger.sentTo('speaker').payloads).toBe(1);
});

it('keeps apart what is refused with a reason to its sender', () => {
  const ledger = new DropLedger();
  ledger.subscribed('thinker:a', ['tools/+/declare', 'tools/+/result', 'thinker/ask']);
  for (const topic of ['tools/compass/declare', 'tools/compass/result', 'thinker/ask']) ledger.sent(topic, false);
  expect(ledger.sentTo('thinker')).toEqual({ payloads: 3, undecodable: 1, refusable: 2 });
});
