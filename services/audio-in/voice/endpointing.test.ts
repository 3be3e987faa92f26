import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Endpointing, type EndpointingEvent, MAX_SPEECH_SAMPLES, nextEndpointing, SILENT } from './endpointing.ts';

const WINDOW = 512;
const options = { threshold: 0.5, minSpeechSamples: 250 * 16, minSilenceSamples: 500 * 16 };

/** Feeds one probability a window and returns what was decided. */
function hear(probabilities: number[], changes: Partial<typeof options> = {}): EndpointingEvent[] {
  let state: Endpointing = SILENT;
  const all: EndpointingEvent[] = [];
  for (const [index, probability] of probabilities.entries()) {
    const window = { position: index * WINDOW, samples: WINDOW, probability };
    const step = nextEndpointing(state, window, { ...options, ...changes });
    state = step.state;
    all.push(...step.events);
  }
  return all;
}

const times = (count: number, probability: number) => Array<number>(count).fill(probability);
const states = (events: EndpointingEvent[]) => events.map((event) => event.state);

describe('endpointing', () => {
  it.each<[string, number[], string[]]>([
    ['silence is nothing', times(50, 0.1), []],
    ['one window above the threshold is nothing', [0.9, 0.1, 0.9, 0.1, 0.9], []],
    ['two in a row are possible speech', [0.1, 0.9, 0.9], ['possible']],
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
    ['just under the threshold begins nothing', times(40, 0.45), []],
  ])('%s', (_title, probabilities, expected) => {
    expect(states(hear(probabilities))).toEqual(expected);
  });

  it('says where speech began and how much of it was voiced', () => {
    const [possible, started, ended] = hear([0, 0, ...times(10, 0.9), 0, ...times(2, 0.9), ...times(16, 0)]);
    expect(possible).toMatchObject({ onset: 2 * WINDOW, position: 4 * WINDOW, voicedSamples: 2 * WINDOW });
    expect(started).toMatchObject({ onset: 2 * WINDOW, position: 10 * WINDOW });
    expect(ended).toMatchObject({ onset: 2 * WINDOW, position: 31 * WINDOW, voicedSamples: 12 * WINDOW });
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
