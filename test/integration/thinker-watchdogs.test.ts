import { describe, expect, it } from 'vitest';
import { frame } from '#shared/contract/vision.ts';
import { namedScenario } from '../../simulator/scenario/ready-made.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

const ended = ({ state }: { state: string }) => ['done', 'failed', 'interrupted'].includes(state);
const countOf = (bench: ThinkerBench, name: string) => bench.meters.snapshot(0).counters[name] ?? 0;

/** Plays a ready-made scenario of the simulator; the waiting that is not tested is patient, as the machine may be busy. */
async function play(
  scenario: string,
  run: (bench: ThinkerBench) => Promise<void>,
  { timing = {}, ...policies }: { timing?: object; session?: object; conversation?: object } = {},
): Promise<void> {
  const unhurried = { fallBackAfterMs: 30_000, connectWithinMs: 30_000, answerWithinMs: 40_000 };
  const bench = await thinkerBench({
    scenario: { ...namedScenario(scenario), timing: { ...QUICK, ...timing } },
    policies: { ...policies, conversation: { ...unhurried, ...policies.conversation } },
  });
  try {
    await run(bench);
  } finally {
    await bench.stop();
  }
}

async function isAnswered(bench: ThinkerBench, utterance: number): Promise<void> {
  const end = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 30_000);
  expect(end).toMatchObject({ state: 'done', backend: 'live' });
}

describe.concurrent('the watchdog for', { timeout: 90_000 }, () => {
  it.each([
    ['no setupComplete', 'never-setup-complete'],
    ['a connect() that never settles', 'upgrade-hangs'],
  ])('%s gives up on the connection and opens another one', (_name, scenario) =>
    play(
      scenario,
      async (bench) => {
        const utterance = await bench.speak(0.3);
        await isAnswered(bench, utterance);
        expect(countOf(bench, 'setupTimeouts')).toBeGreaterThan(0);
        expect(bench.simulator.state().mostAtOnce).toBe(1);
      },
      { session: { setupTimeoutMs: 2_000 } },
    ),
  );

  it('silence after `interrupted` has the question that interrupted asked again', () =>
    play(
      'silence-after-interrupted',
      async (bench) => {
        await bench.until(bench.sessions, ({ state }) => state === 'connected');
        const first = await bench.speak(0.4);
        await bench.until(bench.frames, ({ position }) => position > 0);
        const second = await bench.speak(0.4);
        bench.bargeIn(second);
        await isAnswered(bench, second);
        expect(bench.turns.find((turn) => turn.utterance === first && ended(turn))?.state).toBe('interrupted');
        expect(countOf(bench, 'silencesAfterInterrupt')).toBeGreaterThan(0);
        expect(bench.alerts).toEqual([]);
      },
      { timing: { speed: 4 } },
    ));

  it('a transcript that stalls while sound flows stops the sound, says so, and leaves the connection', () =>
    play(
      'tone-instead-of-speech',
      async (bench) => {
        await bench.until(bench.sessions, ({ state }) => state === 'connected');
        const utterance = await bench.speak(0.4);
        const end = await bench.until(bench.turns, (turn) => turn.utterance === utterance && ended(turn), 30_000);
        expect(end.state).toBe('interrupted');
        expect(countOf(bench, 'garbledAnswers')).toBe(1);
        expect(bench.alerts).toHaveLength(1);
        const next = await bench.speak(0.4);
        await isAnswered(bench, next);
      },
      { timing: { speed: 2 } },
    ));

  it('a close() that takes 30 s cuts the connection off, and the next one does not wait for it', () =>
    play(
      'half-open',
      async (bench) => {
        // The rotation meets a server that answers nothing any more, its own closing least of all.
        await bench.until([0], () => bench.simulator.state().attempts.length === 2, 20_000);
        const utterance = await bench.speak(0.4);
        await isAnswered(bench, utterance);
        expect(countOf(bench, 'rotations')).toBe(1);
        const [first, second] = bench.simulator.state().attempts;
        expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThan(20_000);
      },
      { session: { rotateAfterMs: 4_000, freshHandleWaitMs: 0 } },
    ));

  it('pongs lets a healthy session be late with all of them: questions are answered, pictures go along', () =>
    play('late-pongs', async (bench) => {
      await bench.until(bench.sessions, ({ state }) => state === 'connected');
      for (let question = 0; question < 2; question += 1) {
        const speaking = bench.speak(0.8, { paced: true });
        bench.bus.publish(frame, Uint8Array.of(0xff, 0xd8, 0xff, 0xd9));
        await isAnswered(bench, await speaking);
      }
      expect(countOf(bench, 'pongTimeouts') + countOf(bench, 'reconnectsForAnswer')).toBe(0);
      const [session, ...others] = bench.simulator.state().sessions;
      expect(session?.images).toBe(2);
      expect(others).toEqual([]);
    }));

  it('pongs leaves a connection that answers none, and only then', () =>
    play(
      'no-pongs',
      async (bench) => {
        await bench.until([0], () => bench.simulator.state().attempts.length === 2, 20_000);
        const utterance = await bench.speak(0.4);
        await isAnswered(bench, utterance);
        expect(countOf(bench, 'pongTimeouts')).toBe(1);
      },
      { session: { pingEveryMs: 500, pongWithinMs: 2_000 } },
    ));
});
