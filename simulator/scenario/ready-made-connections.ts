import type { Scenario } from './scenario.ts';

/** What goes wrong with connections. Where nothing else is said, the first one fails and the second works. */
export const READY_MADE_CONNECTIONS = {
  'never-setup-complete': {
    description: 'The first connection opens and never gets setupComplete',
    connections: [{ connection: 1, faults: [{ fault: 'no-setup-complete' }] }],
  },
  'late-setup-complete': {
    description: 'setupComplete comes 6 s late on the first connection',
    connections: [{ connection: 1, faults: [{ fault: 'late-setup-complete', byMs: 6_000 }] }],
  },
  'upgrade-429': {
    description: 'The first upgrade is answered with HTTP 429',
    connections: [{ connection: 1, faults: [{ fault: 'refuse-upgrade', status: 429 }] }],
  },
  'upgrade-503': {
    description: 'The first upgrade is answered with HTTP 503',
    connections: [{ connection: 1, faults: [{ fault: 'refuse-upgrade', status: 503 }] }],
  },
  'connection-reset': {
    description: 'The first connection is reset before the upgrade is answered',
    connections: [{ connection: 1, faults: [{ fault: 'reset-connection' }] }],
  },
  'upgrade-hangs': {
    description: 'The first upgrade is never answered',
    connections: [{ connection: 1, faults: [{ fault: 'hang-upgrade' }] }],
  },
  'drop-on-setup': {
    description: 'The first connection is cut when the setup arrives',
    connections: [{ connection: 1, faults: [{ fault: 'drop-on-setup' }] }],
  },
  'close-on-open': {
    description: 'The first connection is closed with 1011 before the setup is read',
    connections: [{ connection: 1, faults: [{ fault: 'close-on-open', cause: 'internal' }] }],
  },
  'never-connects': {
    description: 'Every upgrade is refused with HTTP 503: the router must fall back',
    connections: [{ faults: [{ fault: 'refuse-upgrade', status: 503 }] }],
  },
  'five-failures': {
    description: 'Five attempts fail, the sixth works',
    connections: [{ connection: { from: 1, to: 5 }, faults: [{ fault: 'close-on-setup', cause: 'unavailable' }] }],
  },
  'internal-error-waves': {
    description: 'Every other connection ends with 1011 after three seconds',
    connections: [{ connection: 'odd', faults: [{ fault: 'close-after', afterMs: 3_000, cause: 'internal' }] }],
  },
  flapping: {
    description: 'Every other attempt is refused',
    connections: [{ connection: 'odd', faults: [{ fault: 'close-on-setup', cause: 'unavailable' }] }],
  },
  'repeating-invalid-argument': {
    description:
      'Every setup that resumes or seeds a context is closed on with 1007: no retry helps but a fresh session',
    connections: [{ faults: [{ fault: 'refuse-resume', cause: 'invalid-argument' }, { fault: 'refuse-history' }] }],
  },
  'always-invalid-argument': {
    description: 'Every setup is closed on with 1007, a fresh one too',
    connections: [{ faults: [{ fault: 'close-on-setup', cause: 'invalid-argument' }] }],
  },
  'session-quota': {
    description: 'Every session is refused for the quota',
    connections: [{ faults: [{ fault: 'close-on-setup', cause: 'quota' }] }],
  },
  'three-sessions': {
    description: 'A fourth open session is refused for the quota, as on the free tier',
    maxSessions: 3,
  },
  'key-refused': {
    description: 'No key is good',
    keys: ['the-only-good-key'],
  },
  'handle-expired': {
    description: 'Every handle is refused with 1008',
    connections: [{ faults: [{ fault: 'refuse-resume', cause: 'unknown-handle' }] }],
  },
  'no-handles': {
    description: 'Resumption updates never carry a handle',
    connections: [{ faults: [{ fault: 'no-handles' }] }],
  },
  'ten-minutes': {
    description: 'goAway at 540 s, close 1008 at 590 s',
    lifetime: 'ten-minutes',
  },
  'fifty-eight-minutes': {
    description: 'Close 1011 at 58 minutes without goAway',
    lifetime: 'fifty-eight-minutes',
  },
  'short-lives': {
    description: 'goAway after 4 s with 2 s left, then 1008: the ten-minute ending in fast motion',
    lifetime: { goAwayAfterMs: 4_000, endAfterMs: 6_000, cause: 'go-away-ignored' },
  },
  'short-lives-unannounced': {
    description: 'Close 1011 after 5 s without goAway: the 58-minute ending in fast motion',
    lifetime: { endAfterMs: 5_000, cause: 'internal' },
  },
  'cancelled-at-the-end': {
    description: 'Close 1000 "The operation was cancelled." after 5 s without goAway',
    lifetime: { endAfterMs: 5_000, cause: 'cancelled' },
  },
  'silent-after-go-away': {
    description: 'goAway after 3 s, and not a word afterwards on that connection',
    connections: [{ connection: 1, faults: [{ fault: 'go-away', afterMs: 3_000, timeLeftMs: 50_000, silent: true }] }],
  },
  'go-away-without-end': {
    description: 'goAway after 3 s, and the connection works on for ever',
    connections: [{ connection: 1, faults: [{ fault: 'go-away', afterMs: 3_000, timeLeftMs: 50_000, end: 'never' }] }],
    lifetime: 'unlimited',
  },
  'half-open': {
    description: 'After 3 s nothing is read or sent any more on the first connection, and its socket stays',
    connections: [{ connection: 1, faults: [{ fault: 'stall-after', afterMs: 3_000 }] }],
  },
  'network-cut': {
    description: 'The first connection is cut after 3 s without a close frame',
    connections: [{ connection: 1, faults: [{ fault: 'drop-after', afterMs: 3_000 }] }],
  },
  'late-pongs': {
    description: 'Pongs take 20 s, as seen on healthy sessions',
    connections: [{ faults: [{ fault: 'late-pongs', byMs: 20_000 }] }],
  },
  'no-pongs': {
    description: 'Pongs take ten minutes',
    connections: [{ connection: 1, faults: [{ fault: 'late-pongs', byMs: 600_000 }] }],
  },
  'input-dead-after-resume': {
    description: 'A resumed session hears nothing',
    connections: [{ connection: { from: 1, to: 2 }, faults: [{ fault: 'deaf', when: 'resumed' }] }],
  },
  'tool-history-refused': {
    description: 'Seeded history that holds function calls is closed on with 1007',
    connections: [{ faults: [{ fault: 'refuse-tool-history' }] }],
  },
  'audio-during-tool-call-refused': {
    description: 'Audio while a function call is pending is closed on with 1008',
    connections: [{ faults: [{ fault: 'refuse-audio-during-tool-call' }] }],
  },
  'cumulative-usage': {
    description: 'usageMetadata counts the session, not the turn',
    connections: [{ faults: [{ fault: 'cumulative-usage' }] }],
  },
  bundled: {
    description: 'Audio, transcript and usage share messages, whatever the model',
    connections: [{ faults: [{ fault: 'bundling', bundled: true }] }],
  },
  unbundled: {
    description: 'Every field has a message of its own, whatever the model',
    connections: [{ faults: [{ fault: 'bundling', bundled: false }] }],
  },
  'stray-empty-content': {
    description: 'An empty serverContent every half second',
    connections: [{ faults: [{ fault: 'stray-empty-content', everyMs: 500 }] }],
  },
  garbage: {
    description: 'A frame that is no JSON after 2 s',
    connections: [{ connection: 1, faults: [{ fault: 'garbage', afterMs: 2_000 }] }],
  },
  'stray-interrupted': {
    description: 'interrupted comes after 2 s with no generation running',
    connections: [{ faults: [{ fault: 'stray-interrupted', afterMs: 2_000 }] }],
  },
  'hasty-activity-missed': {
    description: 'An activityStart within 500 ms of the last activityEnd goes unnoticed',
    connections: [{ faults: [{ fault: 'miss-hasty-activity' }] }],
  },
} as const satisfies Record<string, Scenario>;
