import { afterEach, describe, expect, it } from 'vitest';
import { atTopic } from '#shared/contract/channel.ts';
import { type ToolStatus, toolCall, toolDeclare, toolResult, toolStatus } from '#shared/contract/tools.ts';
import { namedScenario } from '../../simulator/scenario/ready-made.ts';
import type { Scenario } from '../../simulator/scenario/scenario.ts';
import { QUICK, type ThinkerBench, thinkerBench } from './harness/thinker-bench.ts';

let bench: ThinkerBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const QUESTIONS = ['what is ahead of me on this way', 'and on the left'];
const ANSWERS = ['A door is ahead of you.', 'On the left there is a window.'];

/** The scenario, with two questions and answers whose words are known. */
function withWords(name: string): Scenario {
  const { turns = [], ...scenario }: Scenario = namedScenario(name);
  const words = QUESTIONS.map((hears, index) => ({
    overallTurn: index + 1,
    hears,
    reply: { kind: 'text' as const, text: ANSWERS[index] ?? '' },
  }));
  return { ...scenario, timing: QUICK, turns: [...turns, ...words] };
}

describe("both models' habits", () => {
  it.each([
    ['fields bundled in one message', 'bundled'],
    ['a message for each field', 'unbundled'],
    ['last sound, last words, both ends and usage in one message', 'all-in-one'],
    ['stray empty contents all the time', 'stray-empty-content'],
    ['stray empty contents after every message', 'stray-contents-in-turn'],
    ['a turnComplete that says IN_PROGRESS in the middle', 'split-turn'],
    ["the user's transcript after the answer", 'user-transcript-after-reply'],
    ['usage counted for the whole session', 'cumulative-usage'],
    ['no generationComplete', 'no-generation-complete'],
  ])('%s: words, sound and thoughts are booked where they belong', async (_what, name) => {
    bench = await thinkerBench({ scenario: withWords(name) });
    const { until, sessions, turns, transcripts, frames, alerts } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const numbers: number[] = [];
    for (const _question of QUESTIONS) {
      const utterance = await bench.speak(0.5);
      numbers.push((await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done')).turn);
    }
    const last = (turn: number, role: string) =>
      transcripts.findLast((said) => said.turn === turn && said.role === role)?.text.trim();
    await until([0], () => numbers.every((number) => last(number, 'user') !== undefined));
    expect(numbers.map((number) => last(number, 'user'))).toEqual(QUESTIONS);
    // Thoughts are sent with every answer; none of their words is said.
    expect(numbers.map((number) => last(number, 'model'))).toEqual(ANSWERS);
    const heard = (number: number) =>
      frames.filter(({ stream }) => stream === number).reduce((sum, { samples }) => sum + samples.length, 0);
    expect(numbers.map(heard)).toEqual([24_000, 24_000]);
    expect(numbers.map((number) => frames.filter(({ stream, last: end }) => stream === number && end).length)).toEqual([
      1, 1,
    ]);
    const usage = numbers.map((number) => turns.findLast(({ turn }) => turn === number)?.usage);
    expect(usage).toMatchObject([{ responseAudioTokens: 25 }, { responseAudioTokens: 25 }]);
    expect(usage.every((counts) => (counts?.['thoughtsTokens'] ?? 0) > 0)).toBe(true);
    expect(alerts).toEqual([]);
  });

  it("the user's transcript within the next question: all of it stays with its own turn", async () => {
    bench = await thinkerBench({ scenario: withWords('user-transcript-in-next-turn') });
    const { until, sessions, turns, transcripts } = bench;
    await until(sessions, ({ state }) => state === 'connected');
    const first = await bench.speak(0.5);
    const { turn } = await until(turns, ({ utterance, state }) => utterance === first && state === 'done');
    // The words come 3 s after the answer, in the middle of this.
    const second = await bench.speak(4, { paced: true });
    await until(turns, ({ utterance, state }) => utterance === second && state === 'done');
    const users = () => transcripts.filter(({ role, final }) => role === 'user' && final);
    await until([0], () => users().some((said) => said.turn !== turn));
    expect(
      users()
        .findLast((said) => said.turn === turn)
        ?.text.trim(),
    ).toBe(QUESTIONS[0]);
    expect(
      users()
        .findLast((said) => said.turn !== turn)
        ?.text.trim(),
    ).toBe(QUESTIONS[1]);
  });

  it('toolCallCancellation: the layer is told, its late result is refused in words, and the question is answered all the same', async () => {
    const scenario = { turns: [{ overallTurn: 1, callTool: { name: 'compass', args: {} } }] };
    bench = await thinkerBench({ scenario });
    const { bus, until, sessions, turns, simulator } = bench;
    const told: ToolStatus[] = [];
    let call: string | undefined;
    await bus.subscribe(toolStatus, ({ payload }) => told.push(payload));
    await bus.subscribe(toolCall, ({ payload }) => {
      call = payload.id;
    });
    await until(sessions, ({ state, resumable }) => state === 'connected' && resumable);
    const at = { name: 'compass' };
    bus.publish(atTopic(toolDeclare, at), { name: 'compass', description: 'Where the wearer faces.' });
    await until([0], () => simulator.state().sessions.at(-1)?.tools.includes('compass') ?? false);
    await until([0], () => sessions.at(-1)?.state === 'connected');
    const utterance = await bench.speak(0.5);
    await until([0], () => call !== undefined);
    simulator.command({ kind: 'interrupt' });
    await until(told, ({ state }) => state === 'cancelled');
    bus.publish(atTopic(toolResult, at), { id: call ?? '', result: 'north' });
    const rejected = await until(told, ({ state }) => state === 'rejected');
    expect(rejected.problem).toContain('cancelled');
    const done = await until(turns, (turn) => turn.utterance === utterance && turn.state === 'done');
    expect(done.backend).toBe('live');
    expect(simulator.state().sessions.at(-1)).toMatchObject({ lateToolResponses: 0 });
  });
});
