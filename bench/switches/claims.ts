import type { RuntimeSettings } from '#shared/contract/control.ts';
import type { Claim, Outcome, Round } from './beforehand.ts';
import { reachedAt, SILENCE, toneAt } from './loudness.ts';

/** Longer than possible speech takes to be withdrawn, and the reply to go on. */
const WITHDRAWN_MS = 350;
const DUCKED = 0.2;
/** Possible speech lasts for 0.2 s at least; silence that is over sooner is a machine that stood still. */
const YIELDED_MS = 100;

/** While a reply sounds; each finds the switch as the one before has left it. */
export function bargeInRounds(): Round[] {
  const claim = (
    from: string,
    bargeIn: NonNullable<RuntimeSettings['bargeIn']>,
    is: (tone: Played) => boolean,
  ): Round => ({
    claims: [
      {
        what: `bargeIn ${from} → ${bargeIn}`,
        before: 'first sound',
        switches: { bargeIn },
        // Without possible speech there is nothing to yield to.
        obeyed: (outcome) => (has(outcome, 'possible') ? is(played(outcome)) : undefined),
      },
    ],
    restMs: WITHDRAWN_MS,
  });
  return [
    claim('pause', 'off', ({ paused, ducked }) => !paused && !ducked),
    claim('off', 'pause', ({ paused }) => paused),
    claim('pause', 'duck', ({ paused, ducked }) => ducked && !paused),
    claim('duck', 'pause', ({ paused }) => paused),
  ];
}

/**
 * While a reply sounds. What was withdrawn as a mistake has shown the gate how loud the assistant's voice is in this microphone: as loud as
 * this voice, which is always the same.
 */
export function echoRounds(): Round[] {
  return [
    possibleRound('echo half-duplex → headphones', { bargeIn: 'off', echo: 'headphones' }, true),
    possibleRound('echo headphones → half-duplex', { bargeIn: 'off', echo: 'half-duplex' }, false),
  ];
}

/** With voices of which the detector is half sure. */
export function thresholdRounds(): Round[] {
  return [
    possibleRound('vadThreshold 0.95 → 0.3', { vadThreshold: 0.3 }, true),
    possibleRound('vadThreshold 0.3 → 0.95', { vadThreshold: 0.95 }, false),
  ];
}

/** Both lengths with one voice each: the minimum of speech before its first sound, that of silence before its last. */
export function lengthRounds(): Round[] {
  const lengths = (
    minSpeech: { from: number; to: number },
    minSilence: { from: number; to: number },
    restMs: number,
  ): Round => ({
    claims: [
      {
        what: `minSpeechMs ${minSpeech.from} → ${minSpeech.to}`,
        before: 'first sound',
        switches: { minSpeechMs: minSpeech.to, minSilenceMs: minSilence.from },
        obeyed: (outcome) => has(outcome, 'started') && isNear(speechMs(outcome), minSpeech.to, 0),
        shows: { what: 'speech at started', ms: speechMs },
      },
      {
        what: `minSilenceMs ${minSilence.from} → ${minSilence.to}`,
        before: 'last sound',
        switches: { minSpeechMs: minSpeech.to, minSilenceMs: minSilence.to },
        obeyed: (outcome) => isNear(endedMs(outcome), minSilence.to, 80),
        shows: { what: 'last sound → ended', ms: endedMs },
      },
    ],
    restMs,
  });
  return [
    lengths({ from: 600, to: 100 }, { from: 800, to: 300 }, 750),
    lengths({ from: 100, to: 600 }, { from: 300, to: 800 }, 1_300),
  ];
}

function possibleRound(what: string, switches: RuntimeSettings, expected: boolean): Round {
  const claim: Claim = {
    what,
    before: 'first sound',
    switches,
    obeyed: (outcome) => has(outcome, 'possible') === expected,
  };
  return { claims: [claim], restMs: WITHDRAWN_MS };
}

interface Played {
  paused: boolean;
  ducked: boolean;
}

function played({ loudspeaker }: Outcome): Played {
  return {
    paused: reachedAt(loudspeaker, SILENCE, YIELDED_MS) !== undefined,
    ducked: reachedAt(loudspeaker, toneAt(DUCKED), YIELDED_MS) !== undefined,
  };
}

function has({ heard }: Outcome, state: string): boolean {
  return heard.some((each) => each.state === state);
}

function speechMs({ heard }: Outcome): number | undefined {
  return heard.find(({ state }) => state === 'started')?.speechMs;
}

function endedMs({ heard, lastSoundMs }: Outcome): number | undefined {
  const ended = heard.find(({ state }) => state === 'ended');
  return ended && ended.atMs - lastSoundMs;
}

/** Not much later, and no more than `earlierMs` before it (a syllable fades); the other value of the switch is farther away. */
function isNear(ms: number | undefined, wantedMs: number, earlierMs: number): boolean {
  return ms !== undefined && ms >= wantedMs - earlierMs && ms < wantedMs + 400;
}
