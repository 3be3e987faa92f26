import { describe, expect, it } from 'vitest';
import { connectVirtually, steadily } from '../live/virtual-client.ts';
import { namedScenario, READY_MADE } from './ready-made.ts';
import type { READY_MADE_CONNECTIONS } from './ready-made-connections.ts';
import type { READY_MADE_TURNS } from './ready-made-turns.ts';
import { parseScenario } from './scenario.ts';
import { ScenarioInPlay } from './scenario-in-play.ts';

const ASKED = 'start end no-handle';
const UNTIL_AUDIO = `${ASKED} heard thought audio+said`;
const END = 'turnComplete+usage handle';
const ALL_IN_ONE = `${UNTIL_AUDIO} audio+said+generationComplete+turnComplete+usage handle`;
const ANSWERED = `${UNTIL_AUDIO} generationComplete ${END}`;
const GIVEN_UP =
  'start interrupted turnComplete+usage handle end no-handle heard thought audio+said generationComplete';
const EMPTIES = (parts: string) => parts.split(' ').join(' empty ');

/** Two connections, two questions each: what the client gets to hear of each question, and how each connection ended. */
function play(name: string) {
  const scenario = steadily(namedScenario(name));
  const connections = [1, 2].map((connection) => {
    const client = connectVirtually(scenario, { connection });
    client.setUp({ sessionResumption: {} });
    client.advance(500);
    const heard = [client.digest()];
    for (let question = 1; question <= 2; question += 1) {
      client.ask();
      client.advance(5_000);
      heard.push(client.digest());
    }
    return { heard, ending: client.ending };
  });
  return connections;
}

describe('a ready-made turn scenario', () => {
  /** What comes of the first question, and of the second where it is more than a plain answer. */
  const heard: Record<keyof typeof READY_MADE_TURNS, [first: string, second?: string, ending?: string]> = {
    'silent-model': [ASKED, `${GIVEN_UP} ${END}`],
    'silent-model-that-hears': [`${ASKED} heard`, `${GIVEN_UP} ${END}`],
    'always-silent': [ASKED, 'start interrupted turnComplete+usage handle end no-handle'],
    // Nobody interrupts here; see below.
    'silence-after-interrupted': [ANSWERED],
    'phantom-interrupted-before-audio': [`${ASKED} heard thought interrupted ${END}`],
    'phantom-interrupted': [`${UNTIL_AUDIO} interrupted ${END}`],
    'phantom-interrupted-goes-on': [`${UNTIL_AUDIO} interrupted audio+said generationComplete ${END}`],
    'interrupted-after-generation': [`${UNTIL_AUDIO} generationComplete interrupted ${END}`],
    'empty-turn-complete': [`${ASKED} ${END}`],
    'every-other-turn-empty': [`${ASKED} ${END}`],
    'response-rejected': [`${ASKED} ${END}`],
    'waiting-for-input': [`${ASKED} ${END}`],
    'premature-turn-complete': [`${UNTIL_AUDIO} ${END} audio+said`],
    'truncated-reply': [`${UNTIL_AUDIO} ${END}`],
    'split-turn': [`${UNTIL_AUDIO} turnPaused audio+said generationComplete ${END}`],
    'answer-50-s-late': [ASKED, `${GIVEN_UP} ${END}`],
    'answer-6-s-late': [ASKED, `${GIVEN_UP} ${END}`],
    'user-transcript-after-reply': [
      `${ASKED} thought audio+said generationComplete ${END} heard`,
      `${ASKED} thought audio+said generationComplete ${END} heard`,
    ],
    'tone-instead-of-speech': [`${UNTIL_AUDIO} audio generationComplete ${END}`],
    'slower-than-real-time': [ANSWERED],
    'stray-contents-in-turn': [
      `${ASKED} ${EMPTIES(`heard heard thought ${'audio+said '.repeat(10)}generationComplete turnComplete+usage`)} handle empty`,
      `${ASKED} ${EMPTIES(`heard heard thought ${'audio+said '.repeat(10)}generationComplete turnComplete+usage`)} handle empty`,
    ],
    'all-in-one': [ALL_IN_ONE, ALL_IN_ONE],
    'user-transcript-in-next-turn': [
      `${ASKED} thought audio+said generationComplete ${END}`,
      `start heard end no-handle thought audio+said generationComplete ${END}`,
    ],
    'no-generation-complete': [`${UNTIL_AUDIO} ${END}`, `${UNTIL_AUDIO} ${END}`],
    'no-turn-complete': [`${UNTIL_AUDIO} generationComplete`, `${GIVEN_UP} ${END}`],
    'close-during-question': ['start', '', '1011 Internal error encountered.'],
    'close-before-answer': [ASKED, '', '1011 Internal error encountered.'],
    'close-during-reply': [UNTIL_AUDIO, '', '1011 Internal error encountered.'],
    'cut-during-question': ['start', '', 'drop'],
    'cut-during-reply': [UNTIL_AUDIO, '', 'drop'],
    'stall-during-reply': [UNTIL_AUDIO, '', 'stall'],
    'stall-after-question': [ASKED, '', 'stall'],
    'context-used-up': [ANSWERED],
    'quota-mid-session': [ANSWERED, ASKED, namedEnding('close-quota')],
    'coded-replies': [ANSWERED],
  };

  it.each(Object.entries(heard))('%s', (name, [first, second = ANSWERED, ending]) => {
    const [one, two] = play(name);
    expect(one).toEqual({ heard: ['setupComplete handle', first, second], ending });
    // On the next connection things go well again, but where the scenario means every turn.
    expect(two?.ending).toBeUndefined();
  });

  it('answers 50 s late, with every word of the transcript twice', () => {
    const client = connectVirtually(steadily(namedScenario('answer-50-s-late')));
    client.setUp();
    client.ask();
    client.advance(60_000);
    const answered = client.received.filter(({ message }) => message.serverContent?.modelTurn);
    // Setup 100 ms late, a second of question, the thought at 80 % of the wait.
    expect(answered[0]?.atMs).toBeGreaterThan(51_000);
    const words = client.received.flatMap(
      ({ message }) => message.serverContent?.outputTranscription?.text.trim().split(' ') ?? [],
    );
    expect(words).toHaveLength(60);
    expect(new Set(words).size).toBe(30);
  });

  it('closes the third question of every connection when the context is used up', () => {
    const client = connectVirtually(steadily(namedScenario('context-used-up')));
    client.setUp();
    client.advance(500);
    for (let question = 1; question <= 3; question += 1) {
      client.ask();
      client.advance(5_000);
    }
    expect(client.ending).toBe('1007 Request contains an invalid argument.');
  });

  it('answers an interruption with interrupted alone and the next question with nothing', () => {
    const client = connectVirtually(steadily(namedScenario('silence-after-interrupted')));
    client.setUp();
    client.advance(500);
    client.ask();
    client.advance(400);
    client.digest();
    client.ask();
    client.advance(60_000);
    expect(client.digest()).toBe('start audio+said interrupted end');
  });
});

describe('a ready-made connection scenario', () => {
  const GOOD = ['setupComplete handle', ANSWERED, ANSWERED];
  const NOTHING = ['', '', ''];
  const CUT = ['setupComplete handle', `${UNTIL_AUDIO} generationComplete`, ''];
  type Outcome = [first: string[], ending?: string | undefined, second?: string[], secondEnding?: string];
  /** Those that never come to a session are played over a real socket in live-connection.test.ts. */
  const outcomes: Partial<Record<keyof typeof READY_MADE_CONNECTIONS, Outcome>> = {
    'never-setup-complete': [NOTHING],
    'drop-on-setup': [NOTHING, 'drop'],
    'close-on-open': [NOTHING, '1011 Internal error encountered.'],
    'five-failures': [NOTHING, namedEnding('close-unavailable'), NOTHING, namedEnding('close-unavailable')],
    'internal-error-waves': [CUT, '1011 Internal error encountered.'],
    flapping: [NOTHING, namedEnding('close-unavailable')],
    'always-invalid-argument': [
      NOTHING,
      namedEnding('close-invalid-argument'),
      NOTHING,
      namedEnding('close-invalid-argument'),
    ],
    'session-quota': [NOTHING, namedEnding('close-quota'), NOTHING, namedEnding('close-quota')],
    'key-refused': [NOTHING, namedEnding('close-bad-key'), NOTHING, namedEnding('close-bad-key')],
    'no-handles': [
      ['setupComplete no-handle', ...[1, 2].map(() => ANSWERED.replace('usage handle', 'usage no-handle'))],
      undefined,
      ['setupComplete no-handle', ...[1, 2].map(() => ANSWERED.replace('usage handle', 'usage no-handle'))],
    ],
    'ten-minutes': [GOOD],
    'fifty-eight-minutes': [GOOD],
    'short-lives': [
      ['setupComplete handle', `${ANSWERED} goAway`, ''],
      namedEnding('close-go-away-ignored'),
      ['setupComplete handle', `${ANSWERED} goAway`, ''],
      namedEnding('close-go-away-ignored'),
    ],
    'short-lives-unannounced': [
      ['setupComplete handle', ANSWERED, ''],
      '1011 Internal error encountered.',
      ['setupComplete handle', ANSWERED, ''],
      '1011 Internal error encountered.',
    ],
    'cancelled-at-the-end': [
      ['setupComplete handle', ANSWERED, ''],
      '1000 The operation was cancelled.',
      ['setupComplete handle', ANSWERED, ''],
      '1000 The operation was cancelled.',
    ],
    'silent-after-go-away': [['setupComplete handle', `${UNTIL_AUDIO} generationComplete goAway`, '']],
    'go-away-without-end': [['setupComplete handle', `${UNTIL_AUDIO} generationComplete goAway ${END}`, ANSWERED]],
    'half-open': [CUT, 'stall'],
    'network-cut': [CUT, 'drop'],
    'stray-interrupted': [
      ['setupComplete handle', `${UNTIL_AUDIO} interrupted audio+said generationComplete ${END}`, ANSWERED],
      undefined,
      ['setupComplete handle', `${UNTIL_AUDIO} interrupted audio+said generationComplete ${END}`, ANSWERED],
    ],
  };

  it.each(Object.entries(outcomes))('%s', (name, [first, ending, second = GOOD, secondEnding]) => {
    expect(play(name)).toEqual([
      { heard: first, ending },
      { heard: second, ending: secondEnding },
    ]);
  });

  it('three-sessions refuses the fourth that is open at the same time', () => {
    const scenario = new ScenarioInPlay(namedScenario('three-sessions'));
    expect([0, 1, 2, 3, 4].map((open) => scenario.nextConnection('k', open).faults)).toEqual([
      [],
      [],
      [],
      [{ fault: 'close-on-setup', cause: 'quota' }],
      [{ fault: 'close-on-setup', cause: 'quota' }],
    ]);
  });

  it.each(['handle-expired', 'repeating-invalid-argument'])('%s lets a fresh session in and no resumed one', (name) => {
    const scenario = steadily(namedScenario(name));
    const { context } = connectVirtually().state;
    const resumed = connectVirtually(scenario);
    resumed.setUp({ sessionResumption: { handle: 'good' } }, { kind: 'found', context });
    expect(resumed.ending).toMatch(name === 'handle-expired' ? /^1008 BidiGenerateContent session/ : /^1007 Request/);
    const fresh = connectVirtually(scenario);
    fresh.setUp();
    fresh.advance(500);
    expect(fresh.digest()).toBe('setupComplete');
  });

  it('input-dead-after-resume answers nothing in a resumed session, and in a fresh one all', () => {
    const scenario = steadily(namedScenario('input-dead-after-resume'));
    const { context } = connectVirtually().state;
    const resumed = connectVirtually(scenario);
    resumed.setUp({ sessionResumption: { handle: 'good' } }, { kind: 'found', context });
    resumed.ask();
    resumed.advance(60_000);
    expect(resumed.digest()).toBe('setupComplete handle');
    expect(resumed.state.recordedSamples).toBe(16_000);
  });

  it('tool-history-refused closes on seeded function calls and takes words', () => {
    const client = connectVirtually(steadily(namedScenario('tool-history-refused')));
    client.setUp();
    client.advance(500);
    const words = { role: 'user', parts: [{ text: 'hello' }] };
    client.send({ clientContent: { turns: [words] } });
    expect(client.ending).toBeUndefined();
    client.send({ clientContent: { turns: [words, { role: 'model', parts: [{ functionCall: { name: 'a' } }] }] } });
    expect(client.ending).toBe('1007 Request contains an invalid argument.');
  });

  it('hasty-activity-missed does not notice a question right after the last', () => {
    const client = connectVirtually(steadily(namedScenario('hasty-activity-missed')));
    client.setUp();
    client.advance(500);
    client.ask();
    client.advance(200);
    client.digest();
    client.ask();
    client.advance(5_000);
    expect(client.digest()).toBe('thought audio+said generationComplete turnComplete+usage');
    expect(client.state).toMatchObject({ hastyActivities: 1, ignoredSamples: 16_000 });
  });
});

describe('scenarios', () => {
  it('all say what they do and pass their own check', () => {
    for (const [name, scenario] of Object.entries(READY_MADE)) {
      expect(scenario.description, name).toMatch(/\w/);
      expect(parseScenario(JSON.parse(JSON.stringify(scenario)), name)).toEqual(scenario);
    }
  });

  it('are found by name, and the nearest name is proposed', () => {
    expect(() => namedScenario('silent-modell')).toThrow(
      'no scenario is called "silent-modell"; did you mean silent-model?',
    );
    expect(() => namedScenario('constructor')).toThrow('no scenario is called');
  });

  it('with a mistake say where it is', () => {
    const wrong = { turns: [{ turn: 0 }], connections: [{ faults: [{ fault: 'hiccup' }] }], colour: 1 };
    expect(() => parseScenario(wrong, 'faults.json')).toThrow(
      /^faults\.json is no valid scenario .*connections\.0\.faults\.0/,
    );
    expect(() => parseScenario(wrong, 'faults.json')).toThrow(/turns\.0\.turn/);
    expect(() => parseScenario(wrong, 'faults.json')).toThrow('at the top: colour is not known here');
  });
});

function namedEnding(name: string): string {
  const [rule] = namedScenario(name).connections ?? [];
  const [fault] = rule?.faults ?? [];
  if (fault?.fault !== 'close-on-setup') throw new Error(`${name} closes nothing`);
  const client = connectVirtually(steadily({ connections: [{ faults: [fault] }] }));
  client.setUp();
  return client.ending ?? '';
}
