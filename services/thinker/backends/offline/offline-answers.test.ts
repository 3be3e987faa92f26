import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OfflineFacts, offlineAnswer } from './offline-answers.ts';

const FACTS: OfflineFacts = {
  text: '',
  nowMs: Date.UTC(2026, 10, 22, 14, 5),
  timeZone: 'UTC',
  battery: { percent: 64, charging: false },
  lastReply: 'The door is on your left.',
  reason: 'the connection to Gemini failed.',
  told: false,
};

const TIME = 'It is 2:05 PM.';
const DATE = 'Today is Sunday, November 22, 2026.';
const BATTERY = 'The battery is at 64 percent.';
const HERE = 'Yes, I am here, but offline because the connection to Gemini failed.';
const APOLOGY = 'I am offline because the connection to Gemini failed, so I cannot answer that.';

describe('without a network', () => {
  it.each([
    ['What time is it?', TIME],
    ["What's the time, please?", TIME],
    ['Tell me the time', TIME],
    ['Do you know what time it is?', TIME],
    ['could you tell me what time it is', TIME],
    ['what day is it today', DATE],
    ["what's today's date", DATE],
    ["What's the date?", DATE],
    ['How much battery is left?', BATTERY],
    ['Battery status.', BATTERY],
    ['Do I need to charge you?', BATTERY],
    ['how much charge do you have left', BATTERY],
    ['How much power is left?', BATTERY],
    ["how's your battery", BATTERY],
    ['Does it charge for parking?', APOLOGY],
    ['What is the expiry date on this milk?', APOLOGY],
    ['Repeat that, please.', FACTS.lastReply],
    ['Say that again.', FACTS.lastReply],
    ['Pardon?', FACTS.lastReply],
    ['What did you say?', FACTS.lastReply],
    ['Are you there?', HERE],
    ['Hello?', HERE],
    ['Can you hear me?', HERE],
    ['What do you see?', APOLOGY],
    ['How long is the time of flight to Rome?', APOLOGY],
    ['Who invented the telephone?', APOLOGY],
    ['?!', APOLOGY],
    ['', 'I did not understand that. I am offline because the connection to Gemini failed.'],
  ])('«%s» is answered honestly', (text, answer) => {
    expect(offlineAnswer({ ...FACTS, text })).toBe(answer);
  });

  it('says why it does not answer where nobody understood the words', () => {
    expect(offlineAnswer({ ...FACTS, text: undefined })).toBe(
      'I am offline because the connection to Gemini failed, and without the network I do not understand speech.',
    );
  });

  it.each([
    ['What do you see?', 'I am offline, so I cannot answer that.'],
    ['Are you there?', 'Yes, I am here, but offline.'],
    ['', 'I did not understand that. I am offline.'],
    [undefined, 'I am offline, and without the network I do not understand speech.'],
    [
      'Why are you offline?',
      'I am offline because the connection to Gemini failed. I can tell you the time, the date and the battery, repeat what I said, and obey commands.',
    ],
  ])('does not repeat to «%s» the reason that was told, unless it is asked for', (text, answer) => {
    expect(offlineAnswer({ ...FACTS, told: true, text })).toBe(answer);
  });

  it.each([
    [{ percent: 9, charging: false }, 'The battery is at 9 percent. Please charge me soon.'],
    [{ percent: 9, charging: true }, 'The battery is at 9 percent and charging.'],
    [undefined, 'I cannot tell how full the battery is.'],
  ])('tells the battery %j', (battery, answer) => {
    expect(offlineAnswer({ ...FACTS, battery, text: 'battery' })).toBe(answer);
  });

  it('has nothing to repeat at the beginning', () => {
    expect(offlineAnswer({ ...FACTS, lastReply: undefined, text: 'repeat that' })).toBe(
      'I have not said anything yet.',
    );
  });

  it('does not give a reason it does not know', () => {
    expect(offlineAnswer({ ...FACTS, reason: ' ', text: 'why' })).toBe('I am offline, so I cannot answer that.');
  });

  it('always has something to say', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), (text) => {
        expect(offlineAnswer({ ...FACTS, text }).length).toBeGreaterThan(5);
      }),
    );
  });
});
