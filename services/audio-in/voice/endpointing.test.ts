import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Endpointing,
  type EndpointingEvent,
  type EndpointingOptions,
  MAX_SPEECH_SAMPLES,
  nextEndpointing,
  SILENT,
} from './endpointing.ts';
import type { Timbre } from './timbre.ts';

const WINDOW = 512;
const options: EndpointingOptions = {
  threshold: 0.5,
  minSpeechSamples: 250 * 16,
  minSilenceSamples: 500 * 16,
  humIsSpeech: true,
};
const vowel: Timbre = { levelDbfs: -20, brightness: 0.2, openness: 5 };
const hum: Timbre = { levelDbfs: -25, brightness: 0.02, openness: -15 };

/** Feeds one probability a window and returns what was decided. */
function hear(
  probabilities: number[],
  changes: Partial<EndpointingOptions> = {},
  timbres: Timbre[] = [],
): EndpointingEvent[] {
  let state: Endpointing = SILENT;
  const all: EndpointingEvent[] = [];
  for (const [index, probability] of probabilities.entries()) {
    const window = {
      position: index * WINDOW,
      samples: WINDOW,
      newSamples: WINDOW,
      probability,
      timbre: timbres[index] ?? vowel,
    };
    const step = nextEndpointing(state, window, { ...options, ...changes });
    state = step.state;
    all.push(...step.events);
  }
  return all;
}

/** As `hear`, of windows with what the detector gives, what it gives when they are louder, and how far above the room they are. */
function hearEagerly(windows: (readonly [number, number, number?])[]): EndpointingEvent[] {
  let state: Endpointing = SILENT;
  return windows.flatMap(([probability, louderProbability, aboveRoomDb = 0], index) => {
    const lengths = { position: index * WINDOW, samples: WINDOW, newSamples: WINDOW };
    const hint = { louderProbability, aboveRoomDb };
    const step = nextEndpointing(state, { ...lengths, probability, hint, timbre: vowel }, options);
    state = step.state;
    return step.events;
  });
}

const times = (count: number, probability: number) => Array<number>(count).fill(probability);
const states = (events: EndpointingEvent[]) => events.map((event) => event.state);

describe('endpointing', () => {
  it.each([
    ['nearly a voice when it is louder', [0.1, 0.9], ['possible']],
    ['sudden, and a little like a voice', [0.15, 0.1, 20], ['possible']],
    ['sudden, and not like a voice', [0.1, 0.1, 40], []],
    ['a little like a voice, and no louder than the room', [0.3, 0.1, 10], []],
  ] as const)('takes for possible, and for no more, what is %s', (_what, window, expected) => {
    expect(states(hearEagerly(Array(40).fill(window)))).toEqual(expected);
  });

  it.each([
    ['what is nearly a voice only when it is louder is withdrawn 128 ms after it', [0.1, 0.9], 5],
    ['what is one is withdrawn 224 ms after it', [0.9, 0.9], 8],
  ] as const)('%s', (_what, window, at) => {
    const events = hearEagerly([window, ...Array(10).fill([0.1, 0.1])]);
    expect(states(events)).toEqual(['possible', 'discarded']);
    expect(events[1]?.position).toBe(at * WINDOW);
  });

  it('counts speech from where it is a voice without being louder', () => {
    const events = hearEagerly([...Array(5).fill([0.1, 0.9]), ...Array(10).fill([0.9, 0.9])]);
    expect(states(events)).toEqual(['possible', 'started']);
    expect(events[1]).toMatchObject({ onset: 0, position: 13 * WINDOW });
  });

  it.each<[string, number[], string[]]>([
    ['silence is nothing', times(50, 0.1), []],
    ['one window is possible speech', [0.1, 0.9], ['possible']],
    ['so is one just under the threshold', [0.1, 0.4], ['possible']],
    ['a click is discarded', [0.9, ...times(10, 0.1)], ['possible', 'discarded']],
    ['a cough is discarded', [...times(4, 0.9), ...times(10, 0)], ['possible', 'discarded']],
    ['8 windows of speech (256 ms) have started', times(8, 0.9), ['possible', 'started']],
    ['7 windows (224 ms) have not', times(7, 0.9), ['possible']],
    [
      'a pause inside a word keeps speech possible',
      [...times(4, 0.9), ...times(5, 0), ...times(4, 0.9)],
      ['possible', 'started'],
    ],
    ['16 windows of silence (512 ms) end it', [...times(10, 0.9), ...times(16, 0)], ['possible', 'started', 'ended']],
    ['15 windows (480 ms) do not', [...times(10, 0.9), ...times(15, 0)], ['possible', 'started']],
    [
      'just under the threshold goes on counting as speech',
      [...times(10, 0.9), ...times(40, 0.4)],
      ['possible', 'started'],
    ],
    ['just under the threshold nothing starts', times(40, 0.45), ['possible']],
    ['nor after a single click', [0.9, ...times(40, 0.45)], ['possible']],
    ['well under the threshold is nothing', times(40, 0.3), []],
  ])('%s', (_title, probabilities, expected) => {
    expect(states(hear(probabilities))).toEqual(expected);
  });

  it('hears silence as silence also at the lowest threshold there is', () => {
    const heard = hear([0.9, ...times(10, 0.01)], { threshold: 0.05 });
    expect(states(heard)).toEqual(['possible', 'discarded']);
  });

  it('says where speech began and how much of it was voiced', () => {
    const [possible, started, ended] = hear([0, 0, ...times(10, 0.9), 0, ...times(2, 0.9), ...times(16, 0)]);
    expect(possible).toMatchObject({ onset: 2 * WINDOW, position: 3 * WINDOW, voicedSamples: WINDOW });
    expect(started).toMatchObject({ onset: 2 * WINDOW, position: 10 * WINDOW });
    expect(ended).toMatchObject({ onset: 2 * WINDOW, position: 31 * WINDOW, voicedSamples: 12 * WINDOW });
  });

  it('does not begin with noise that was nearly a voice for long before somebody spoke', () => {
    const [, started] = hear([...times(1_000, 0.4), ...times(10, 0.9)]);
    expect(started).toMatchObject({ state: 'started', onset: 1_000 * WINDOW - 500 * 16 });
  });

  it('starts at once when no minimum is asked for', () => {
    expect(states(hear([0.9, 0.9], { minSpeechSamples: 0 }))).toEqual(['possible', 'started']);
  });

  it('cuts endless speech into pieces that join without a gap', () => {
    const windows = Math.ceil((2.5 * MAX_SPEECH_SAMPLES) / WINDOW);
    const events = hear([...times(windows, 0.9), ...times(16, 0)]);
    expect(states(events)).toEqual([
      'possible',
      'started',
      'ended',
      'possible',
      'started',
      'ended',
      'possible',
      'started',
      'ended',
    ]);
    expect(events[3]?.onset).toBe(events[2]?.position);
    expect(events[6]?.onset).toBe(events[5]?.position);
  });

  describe('while the assistant speaks', () => {
    const speaking = { humIsSpeech: false };
    const silence = times(20, 0);

    it('is not interrupted by a hum', () => {
      const story = hear([...times(18, 0.9), ...silence], speaking, Array<Timbre>(18).fill(hum));
      expect(states(story)).toEqual(['possible', 'discarded']);
    });

    it('takes the same hum for an answer when it is quiet', () => {
      const story = hear([...times(18, 0.9), ...silence], {}, Array<Timbre>(18).fill(hum));
      expect(states(story)).toEqual(['possible', 'started', 'ended']);
    });

    it('is interrupted as soon as a hum becomes a word', () => {
      const [, started] = hear(times(20, 0.9), speaking, [...Array<Timbre>(12).fill(hum), vowel, vowel]);
      expect(started).toMatchObject({ state: 'started', onset: 0, position: 14 * WINDOW });
    });

    it('is interrupted by a hum that will not end', () => {
      const [, started] = hear(times(40, 0.9), speaking, Array<Timbre>(40).fill(hum));
      expect(started).toMatchObject({ state: 'started', position: 25 * WINDOW });
    });

    it('hears nobody who is quieter than the gate, and to the end whoever was louder', () => {
      const quiet: Timbre = { levelDbfs: -50, brightness: 0.2, openness: 5 };
      const gated = { gateDbfs: -30 };
      expect(hear(times(20, 0.9), gated, Array<Timbre>(20).fill(quiet))).toEqual([]);
      expect(states(hear(times(20, 0.9), gated, [vowel, vowel, ...Array<Timbre>(18).fill(quiet)]))).toEqual([
        'possible',
        'started',
      ]);
    });
  });

  it('always tells a whole story, whatever the probabilities: possible, then discarded or started and ended', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 400 }), (probabilities) => {
        const story = states(hear([...probabilities, ...times(20, 0)])).join(' ');
        expect(story).toMatch(/^((possible discarded|possible started ended)( |$))*$/);
      }),
    );
  });

  it('never calls started what has less voiced time than the minimum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 400 }),
        fc.integer({ min: 0, max: 10_000 }),
        (probabilities, minSpeechSamples) => {
          for (const event of hear(probabilities, { minSpeechSamples })) {
            if (event.state === 'started') expect(event.voicedSamples).toBeGreaterThanOrEqual(minSpeechSamples);
          }
        },
      ),
    );
  });
});
