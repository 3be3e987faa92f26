import type { Scenario } from './scenario.ts';

/** What goes wrong within a turn: the first since the scenario was loaded, unless it says otherwise. */
export const READY_MADE_TURNS = {
  'silent-model': {
    description: 'The first question is never answered; the socket stays open',
    turns: [{ overallTurn: 1, faults: [{ fault: 'silent' }] }],
  },
  'silent-model-that-hears': {
    description: 'The first question is transcribed and never answered',
    turns: [{ overallTurn: 1, faults: [{ fault: 'silent', heard: true }] }],
  },
  'always-silent': {
    description: 'No question is ever answered',
    turns: [{ faults: [{ fault: 'silent' }] }],
  },
  'silence-after-interrupted': {
    description:
      'An interruption of the first reply is answered with interrupted alone, and the next turn with nothing',
    turns: [{ overallTurn: 1, reply: { kind: 'tone', seconds: 10 }, faults: [{ fault: 'silence-after-interrupted' }] }],
  },
  'phantom-interrupted-before-audio': {
    description: 'The first reply is interrupted by nobody before its first audio',
    turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'first-audio', ends: true }] }],
  },
  'phantom-interrupted': {
    description: 'The first reply is interrupted by nobody in the middle, and ends there',
    turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'mid-audio', ends: true }] }],
  },
  'phantom-interrupted-goes-on': {
    description: 'interrupted in the middle of the first reply, which goes on all the same',
    turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'mid-audio', ends: false }] }],
  },
  'interrupted-after-generation': {
    description: 'interrupted between generationComplete and turnComplete of the first reply',
    turns: [{ overallTurn: 1, faults: [{ fault: 'phantom-interrupted', at: 'turn-complete', ends: false }] }],
  },
  'empty-turn-complete': {
    description: 'The first question is answered with turnComplete alone',
    turns: [{ overallTurn: 1, faults: [{ fault: 'empty-turn-complete' }] }],
  },
  'every-other-turn-empty': {
    description: 'Half of all questions are answered with turnComplete alone',
    turns: [{ overallTurn: 'odd', faults: [{ fault: 'empty-turn-complete' }] }],
  },
  'response-rejected': {
    description: 'The first question is answered with turnComplete and a reason',
    turns: [{ overallTurn: 1, faults: [{ fault: 'empty-turn-complete', turnCompleteReason: 'RESPONSE_REJECTED' }] }],
  },
  'waiting-for-input': {
    description: 'The first question is answered with turnComplete and waitingForInput',
    turns: [{ overallTurn: 1, faults: [{ fault: 'empty-turn-complete', waitingForInput: true }] }],
  },
  'premature-turn-complete': {
    description: 'turnComplete in the middle of the first reply, the rest comes afterwards',
    turns: [{ overallTurn: 1, faults: [{ fault: 'premature-turn-complete', share: 0.5, rest: 'late' }] }],
  },
  'truncated-reply': {
    description: 'turnComplete in the middle of the first reply, the rest never comes',
    turns: [{ overallTurn: 1, faults: [{ fault: 'premature-turn-complete', share: 0.5, rest: 'lost' }] }],
  },
  'split-turn': {
    description: 'A turnComplete that says IN_PROGRESS in the middle of the first reply',
    turns: [{ overallTurn: 1, faults: [{ fault: 'split-turn', share: 0.5 }] }],
  },
  'answer-50-s-late': {
    description: 'The first answer comes 50 s late with its transcript doubled',
    turns: [{ overallTurn: 1, faults: [{ fault: 'late', byMs: 50_000 }, { fault: 'doubled-transcript' }] }],
  },
  'answer-6-s-late': {
    description: 'The first answer comes 6 s late',
    turns: [{ overallTurn: 1, faults: [{ fault: 'late', byMs: 6_000 }] }],
  },
  'user-transcript-after-reply': {
    description: "Every user transcript comes after the turn's end",
    turns: [{ faults: [{ fault: 'user-transcript-after-reply' }] }],
  },
  'tone-instead-of-speech': {
    description: 'The first answer is a tone of 14 s whose transcript stops after a few words',
    turns: [{ overallTurn: 1, reply: { kind: 'tone', seconds: 14 }, faults: [{ fault: 'stalled-transcript' }] }],
  },
  'slower-than-real-time': {
    description: 'Every reply is generated at 0.7 times real time',
    turns: [{ faults: [{ fault: 'speed', timesRealTime: 0.7 }] }],
  },
  'stray-contents-in-turn': {
    description: 'An empty serverContent after every message of a reply',
    turns: [{ faults: [{ fault: 'stray-empty-content' }] }],
  },
  'all-in-one': {
    description: 'Last audio, last words, generationComplete, turnComplete and usage share one message',
    turns: [{ faults: [{ fault: 'all-in-one' }] }],
  },
  'user-transcript-in-next-turn': {
    description: 'Every user transcript comes 3 s after the turn, when the next one may have begun',
    turns: [{ faults: [{ fault: 'user-transcript-after-reply', byMs: 3_000 }] }],
  },
  'no-generation-complete': {
    description: 'Replies end with turnComplete alone',
    turns: [{ faults: [{ fault: 'no-generation-complete' }] }],
  },
  'no-turn-complete': {
    description: 'The first reply has no turnComplete',
    turns: [{ overallTurn: 1, faults: [{ fault: 'no-turn-complete' }] }],
  },
  'close-during-question': {
    description: '1011 while the first question is spoken',
    turns: [
      { connection: 1, turn: 1, faults: [{ fault: 'close', at: 'question-start', afterMs: 400, cause: 'internal' }] },
    ],
  },
  'close-before-answer': {
    description: '1011 when the first question has ended',
    turns: [{ overallTurn: 1, faults: [{ fault: 'close', at: 'question-end', cause: 'internal' }] }],
  },
  'close-during-reply': {
    description: '1011 in the middle of the first reply',
    turns: [{ overallTurn: 1, faults: [{ fault: 'close', at: 'mid-audio', cause: 'internal' }] }],
  },
  'cut-during-question': {
    description: 'The network is cut while the first question is spoken',
    turns: [{ connection: 1, turn: 1, faults: [{ fault: 'drop', at: 'question-start', afterMs: 400 }] }],
  },
  'cut-during-reply': {
    description: 'The network is cut in the middle of the first reply',
    turns: [{ overallTurn: 1, faults: [{ fault: 'drop', at: 'mid-audio' }] }],
  },
  'stall-during-reply': {
    description: 'The connection goes half-open in the middle of the first reply',
    turns: [{ overallTurn: 1, faults: [{ fault: 'stall', at: 'mid-audio' }] }],
  },
  'stall-after-question': {
    description: 'The connection goes half-open when the first question has ended',
    turns: [{ overallTurn: 1, faults: [{ fault: 'stall', at: 'question-end' }] }],
  },
  'context-used-up': {
    description: '1007 in answer to the third question of every connection: only a fresh session helps',
    turns: [{ turn: 3, faults: [{ fault: 'close', at: 'question-end', cause: 'invalid-argument' }] }],
  },
  'quota-mid-session': {
    description: '1011 with the quota text in answer to the second question',
    turns: [{ overallTurn: 2, faults: [{ fault: 'close', at: 'question-end', cause: 'quota' }] }],
  },
  'coded-replies': {
    description: 'Every reply is a coded signal of 20 s, which proves that no sample is lost or doubled',
    turns: [{ reply: { kind: 'coded', seconds: 20 } }],
  },
} as const satisfies Record<string, Scenario>;
