import { describe, expect, it } from 'vitest';
import { connected, FIRST } from './play.fixture.ts';

describe('a turn of a predecessor', () => {
  const answered = () =>
    connected().at(1_000).question(1).server('userText', 'modelText', 'audio', 'generationCompleted');

  it('whose answer is being played is done when the loudspeaker has finished it, and remembered as said', () => {
    const talk = answered()
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 })
      .restart()
      .wait(3_000);
    expect(talk.phases(FIRST)).not.toContain('done');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.of('remember').map(({ turn }) => turn)).toEqual([
      expect.objectContaining({
        number: FIRST,
        userText: 'what is this?',
        modelText: 'It is a door.',
        playedSamples: 2_400,
      }),
    ]);
  });

  it('is interrupted in its answer like any other', () => {
    const talk = answered().restart().feed({ type: 'interruptAsked', byVoice: true });
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
  });

  it('is done within the usual time where the loudspeaker has nothing more to say of it', () => {
    const talk = answered()
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 })
      .restart()
      .wait(20_000);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('whose sound nobody has any more has failed, and is asked for its rest, once', () => {
    const talk = answered().feed({ type: 'played', turn: FIRST, state: 'playing', position: 1_800 }).restart(1_000);
    const missed = { type: 'soundMissed', turn: FIRST, position: 1_800 } as const;
    talk.feed(missed, missed);
    expect(talk.of('endLostAudio')[0]).toEqual({ type: 'endLostAudio', turn: FIRST, position: 1_800 });
    expect(talk.phases(FIRST).at(-1)).toBe('failed');
    const asked = talk.of('prepareText');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ kind: 'ask', text: expect.stringMatching(/what is this\?.*"It is a"/) });
  });

  it('that was to be said and whose sound nobody has any more is said from there on', () => {
    const talk = connected()
      .at(1_000)
      .feed({ type: 'textAsked', kind: 'say', text: 'It is a door.', userText: '', withFrame: false })
      .feed({ type: 'questionSent', turn: FIRST })
      .server('modelText', 'audio', 'generationCompleted')
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 1_800 })
      .restart(1_000)
      .feed({ type: 'soundMissed', turn: FIRST, position: 1_800 });
    expect(talk.of('prepareText').at(-1)).toMatchObject({ kind: 'say', text: 'door.' });
  });

  it('whose sound somebody else lacks while the speaker plays it is left alone', () => {
    const talk = answered().restart(1_000).feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 });
    talk.at(talk.nowMs + 300).feed({ type: 'soundMissed', turn: FIRST, position: 0 });
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.phases(FIRST)).not.toContain('failed');
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    talk.wait(9_000).feed({ type: 'soundMissed', turn: FIRST, position: 0 });
    expect(talk.of('endLostAudio')).toEqual([]);
  });

  it('whose sound is lost, and nobody knows what it was an answer to, is explained', () => {
    const talk = connected().at(1_000).question(1).server('audio', 'generationCompleted').restart(1_000);
    talk.feed({ type: 'soundMissed', turn: FIRST, position: 0 });
    expect(talk.phases(FIRST).at(-1)).toBe('failed');
    expect(talk.of('explain')).toHaveLength(1);
  });

  it('that was cut tells the exact place when the loudspeaker does', () => {
    const talk = answered().feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 });
    talk.feed({ type: 'interruptAsked', byVoice: false }).restart();
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 1_200 });
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'interrupted', playedSamples: 1_200 });
  });

  it('broken off in its answer has failed, and what was heard of it is remembered', () => {
    const talk = connected().at(1_000).question(1).server('userText', 'modelText', 'audio').restart();
    expect(talk.of('announce').find(({ turn }) => turn.phase === 'failed')?.turn).toMatchObject({
      number: FIRST,
      failure: { kind: 'restarted' },
      timings: { speechStarted: 1_000 },
    });
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.of('remember').at(-1)?.turn).toMatchObject({ number: FIRST, playedSamples: 2_400 });
  });

  it('broken off in its answer is ended for a speaker that has not heard of it, and waits for more', () => {
    const talk = connected().at(1_000).question(1).server('userText', 'modelText', 'audio').restart();
    const missed = { type: 'soundMissed', turn: FIRST, position: 2_400 } as const;
    talk.feed({ type: 'played', turn: FIRST, state: 'playing', position: 1_000 }, missed);
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 }, missed);
    expect(talk.of('endLostAudio')).toEqual([{ type: 'endLostAudio', turn: FIRST, position: 2_400 }]);
  });

  it('broken off in its answer is finished from where the speaker has it, be the rest not asked for yet', () => {
    const broken = () => {
      const talk = connected().at(1_000).question(1).server('userText', 'modelText', 'audio');
      return talk.feed({ type: 'played', turn: FIRST, state: 'playing', position: 600 }).restart();
    };
    const missed = { type: 'soundMissed', turn: FIRST, position: 2_400 } as const;
    const texts = (talk: ReturnType<typeof broken>) => talk.of('prepareText').map(({ turn, text }) => [turn, text]);
    const rest = (heard: string) => [FIRST + 1, expect.stringContaining(`"${heard}"`)];
    expect(texts(broken().feed(missed))).toEqual([rest('It'), rest('It is a door.')]);
    const asked = broken().feed({ type: 'connected' }, { type: 'questionStarted', turn: FIRST + 1 }, missed);
    expect(texts(asked)).toEqual([rest('It')]);
    const other = broken().feed({ ...missed, position: 0 }, { ...missed, turn: FIRST + 5 });
    expect(texts(other)).toEqual([rest('It')]);
  });

  it('whose sound nobody has any more is not finished where the user interrupts, though its rest waits behind a question', () => {
    const talk = answered().feed({ type: 'played', turn: FIRST, state: 'playing', position: 1_800 }).restart(1_000);
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: talk.nowMs });
    talk.feed({ type: 'soundMissed', turn: FIRST, position: 1_800 });
    const rest = talk.of('prepareText')[0]?.turn ?? 0;
    expect(talk.state.waiting.map(({ number }) => number)).toEqual([rest]);
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 3 });
    expect(talk.phases(rest).at(-1)).toBe('interrupted');
  });

  it('goes on under its number when its samples come again', () => {
    const talk = connected().at(0).feed({ type: 'turnInherited', turn: 42, utterance: 7 }).question(7).server('audio');
    expect(talk.phases(42)).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('is ended, and the user told, when nobody has its samples any more', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .feed({ type: 'turnInherited', turn: 42, utterance: 7 });
    talk.feed({ type: 'utteranceEnded', utterance: 7, speechEndedMs: 0 });
    expect(talk.phases(42)).toEqual(['failed']);
    expect(talk.of('explain')).toHaveLength(1);
    talk.question(8);
    expect(talk.phases(FIRST)[0]).toBe('listening');
  });
});
