import { describe, expect, it } from 'vitest';
import { type Body, connected, FIRST } from './play.fixture.ts';

describe('a turn', () => {
  it('goes from listening over thinking and speaking to done', () => {
    const talk = connected().at(1_000).question(1).at(1_300);
    talk.server('userText', 'modelText', 'audio', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST)).toEqual(['listening', 'thinking', 'speaking', 'done']);
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.of('endAudio')).toEqual([{ type: 'endAudio', turn: FIRST }]);
    expect(
      talk
        .of('transcribe')
        .filter(({ final }) => final)
        .map(({ role }) => role),
    ).toEqual(['user', 'model']);
    expect(talk.of('announce').at(-1)?.turn.timings).toMatchObject({ activityEnded: 1_000, firstAudio: 1_300 });
  });

  it('is done when the loudspeaker has finished it, not before', () => {
    const talk = connected().at(1_000).question(1).at(1_300).server('audio', 'generationCompleted', 'turnCompleted');
    talk.at(1_400).feed({ type: 'played', turn: FIRST, state: 'playing', position: 100 });
    talk.wait(3_000);
    expect(talk.phases(FIRST)).not.toContain('done');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('ends although the server never completes it and nobody plays it', () => {
    const talk = connected().at(1_000).question(1).server('audio', 'generationCompleted').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('takes every field of one bundled message', () => {
    const talk = connected().at(0).question(1).server('modelText', 'audio', 'generationCompleted', 'turnCompleted');
    talk.wait();
    expect(talk.of('remember').at(-1)?.turn.modelText).toBe('It is a door.');
  });

  it('keeps a late transcript of the question with its own turn', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 }).server('userText');
    expect(talk.of('transcribe').at(-1)).toMatchObject({ role: 'user', final: true, turn: { number: FIRST } });
  });

  it('keeps all pieces of a late transcript with their own turn, and what comes later with the next', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 });
    talk.server({ type: 'userText', text: 'what is ' }, { type: 'userText', text: 'ahead' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST, userText: 'what is ahead' });
    talk.at(20_000).server({ type: 'userText', text: 'and left' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST + 1, userText: 'and left' });
  });

  it('keeps the rest of a late transcript with its own turn when this process is slow and the next question has ended', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted', 'turnCompleted').wait();
    talk.at(10_000).feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 9_000 });
    talk.server({ type: 'userText', text: 'what is ' });
    talk
      .at(10_300)
      .feed({ type: 'utteranceEnded', utterance: 2, speechEndedMs: 10_300 })
      .server({ type: 'userText', text: 'ahead' });
    expect(talk.of('transcribe').at(-1)?.turn).toMatchObject({ number: FIRST, userText: 'what is ahead' });
  });

  it('books the account that comes behind turnComplete on the turn it closes, and tells of it, also when the next has begun', () => {
    const talk = connected().at(0).question(1).server('audio', 'generationCompleted');
    talk.feed({ type: 'played', turn: FIRST, state: 'over', position: 2_400 });
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 0 }).server('turnCompleted');
    talk.feed({ type: 'usageBooked', usage: { totalTokens: 7 } });
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST, phase: 'done', usage: { totalTokens: 7 } });
    talk.at(20_000).feed({ type: 'usageBooked', usage: { totalTokens: 9 } });
    expect(talk.state.active).toMatchObject({ number: FIRST + 1, usage: { totalTokens: 9 } });
  });

  it('joins a transcript that comes doubled', () => {
    const talk = connected().at(0).question(1);
    talk.server(
      'audio',
      { type: 'modelText', text: 'It is a red door.' },
      { type: 'modelText', text: 'It is a red door. Open.' },
    );
    expect(talk.state.active?.modelText).toBe('It is a red door. Open.');
  });
});

describe('an interruption', () => {
  const speaking = () => connected().at(1_000).question(1).at(1_300).server('audio');

  it('ends the turn at once and drops what the server still sends of it', () => {
    const talk = speaking().at(1_500).feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_300 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.of('ask').at(-1)?.turn.utterance).toBe(2);
    talk.server('audio', 'modelText').question(2).server('audio', 'interrupted', 'turnCompleted', 'audio');
    expect(talk.of('playAudio').map(({ turn }) => turn)).toEqual([FIRST, FIRST + 1]);
    expect(talk.counts().filter((name) => name === 'staleAudioDropped')).toHaveLength(2);
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('withdraws a question that was discarded in the middle, and never answers it', () => {
    const talk = connected().feed(
      { type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 },
      { type: 'questionStarted', turn: FIRST },
      { type: 'questionDiscarded', utterance: 7 },
    );
    expect(talk.state.active?.number).toBe(FIRST);
    talk.feed({ type: 'questionDiscarded', utterance: 1 });
    expect(talk.of('withdraw')).toMatchObject([{ turn: FIRST }]);
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.state.active).toBeUndefined();
  });

  it('is the same when the interrupt comes before the first sample', () => {
    const talk = speaking().at(1_500).feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    talk.question(2).server('interrupted', 'turnCompleted', 'audio');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('speaking');
  });

  it('does not take the end of the cut turn for an empty answer to the next', () => {
    const talk = speaking().feed({ type: 'interruptAsked', byVoice: true, utterance: 2 }).question(2);
    talk.server('turnCompleted');
    expect(talk.counts()).not.toContain('emptyTurns');
    talk.server('audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST + 1).at(-1)).toBe('done');
  });

  it('of a complete answer leaves the next answer alone, however often the server says interrupted', () => {
    const talk = speaking()
      .server('generationCompleted')
      .feed({ type: 'played', turn: FIRST, state: 'playing', position: 10 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 2 }).question(2);
    talk.server('interrupted', 'interrupted', 'turnCompleted', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('done');
  });

  it('while the server thinks needs no acknowledgement from a server that had not begun', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .at(1_100)
      .feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    talk.feed(
      { type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_000 },
      { type: 'questionStarted', turn: FIRST + 1 },
    );
    talk
      .at(2_400)
      .feed({ type: 'questionSent', turn: FIRST + 1 })
      .server('audio');
    expect(talk.phases(FIRST + 1).at(-1)).toBe('speaking');
  });

  it('and another one before the server has noticed the first: its sound still has to be over', () => {
    const talk = speaking().feed({ type: 'interruptAsked', byVoice: true, utterance: 2 });
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_500 });
    talk.feed({ type: 'questionStarted', turn: FIRST + 1 }, { type: 'interruptAsked', byVoice: true, utterance: 3 });
    talk.question(3).at(3_000).server('audio', 'interrupted', 'turnCompleted', 'audio');
    expect(talk.of('playAudio').map(({ turn }) => turn)).toEqual([FIRST, FIRST + 2]);
    expect(talk.counts()).toContain('staleAudioDropped');
  });

  it('without words tells the server to be quiet', () => {
    const talk = speaking().feed({ type: 'interruptAsked', byVoice: false });
    expect(talk.of('hush')).toHaveLength(1);
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
  });

  it('reports the exact place once the loudspeaker knows it', () => {
    const talk = speaking().server({ type: 'modelText', text: 'One two three four.' });
    talk.feed(
      { type: 'interruptAsked', byVoice: true },
      { type: 'played', turn: FIRST, state: 'over', position: 1_200 },
    );
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'interrupted', playedSamples: 1_200 });
    expect(talk.of('remember').at(-1)?.turn.playedSamples).toBe(1_200);
  });

  it('does not touch the turn of the very utterance that caused it', () => {
    const talk = connected().at(0).feed({ type: 'utteranceStarted', utterance: 5, speechStartedMs: 0 });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 5 });
    expect(talk.phases(FIRST)).toEqual(['listening']);
  });

  it('switched off: a question that has waited long behind an answer still has all its time on Live', () => {
    const talk = connected({ lowerBackends: ['http', 'offline'] })
      .at(1_000)
      .question(1);
    talk.feed({ type: 'textAsked', kind: 'ask', text: 'and now?', userText: 'and now?', withFrame: false });
    for (let atMs = 1_300; atMs < 11_000; atMs += 1_000) talk.at(atMs).server('audio', 'modelText');
    talk.at(11_000).server('generationCompleted', 'turnCompleted');
    expect(talk.of('ask').map(({ turn }) => turn.number)).toEqual([FIRST, FIRST + 1]);
    talk.feed({ type: 'questionStarted', turn: FIRST + 1 }, { type: 'questionSent', turn: FIRST + 1 });
    talk.at(12_000).server('audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.counts()).not.toContain('fallenBack');
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'thinking', 'speaking', 'done']);
  });

  it('switched off: the next question waits until the answer is complete', () => {
    const talk = speaking().feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_400 });
    expect(talk.of('ask')).toHaveLength(1);
    talk.server('generationCompleted');
    expect(talk.of('ask').at(-1)?.turn.utterance).toBe(2);
  });
});

describe('more than can wait', () => {
  const text: Body = { type: 'textAsked', kind: 'say', text: 'a door', userText: '', withFrame: false };

  it('refuses the newest text', () => {
    const talk = connected().at(1_000).question(1);
    for (let number = 0; number < 9; number += 1) talk.feed(text);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST + 9, failure: { kind: 'busy' } });
    expect(talk.state.waiting).toHaveLength(8);
  });

  it('never refuses the user for the sake of texts: the last of them makes room', () => {
    const talk = connected().at(1_000).question(1);
    for (let number = 0; number < 8; number += 1) talk.feed(text);
    talk.feed({ type: 'utteranceStarted', utterance: 2, speechStartedMs: 1_000 });
    expect(talk.state.waiting[0]).toMatchObject({ utterance: 2, phase: 'listening' });
    expect(talk.state.waiting).toHaveLength(8);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ number: FIRST + 8, failure: { kind: 'busy' } });
  });
});

describe('the level of service', () => {
  it('sends a question to the backend of its level once it is whole', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .feed({ type: 'levelChanged', level: 'http' });
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    expect(talk.of('answerWith')).toEqual([]);
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 0 });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
    expect(talk.of('ask')).toEqual([]);
  });

  it('takes a turn through the same phases on every level, and asks for patience where the last one is slow', () => {
    const talk = connected({ lowerBackends: ['http', 'offline'], level: 'http' }).at(1_000);
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait(7_900);
    expect(talk.of('answerWith').map(({ backend }) => backend)).toEqual(['http', 'offline']);
    expect(talk.of('explain')).toEqual([]);
    talk.wait(8_000);
    expect(talk.of('explain')).toEqual([{ type: 'explain', text: expect.stringContaining('One moment') }]);
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    expect([...new Set(talk.phases(FIRST))]).toEqual(['listening', 'thinking', 'speaking']);
  });

  it('answers texts too', () => {
    const talk = connected({ lowerBackends: ['http'], level: 'http' }).at(0);
    talk.feed({ type: 'textAsked', kind: 'say', text: 'Turn left.', userText: '', withFrame: false });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
  });

  it('is for a question that had to wait the one of the moment its turn comes', () => {
    const talk = connected({ lowerBackends: ['http', 'offline'] })
      .at(1_000)
      .question(1)
      .at(1_300)
      .server('audio');
    talk.feed({ type: 'textAsked', kind: 'say', text: 'Left.', userText: '', withFrame: false }).question(2);
    talk.feed({ type: 'levelChanged', level: 'offline' }).server('generationCompleted', 'turnCompleted');
    talk.feed({ type: 'backendReported', turn: FIRST + 2, report: { type: 'finished' } });
    expect(talk.of('answerWith').map(({ turn, backend }) => [turn.number, backend])).toEqual([
      [FIRST + 2, 'offline'],
      [FIRST + 1, 'offline'],
    ]);
    expect(talk.of('ask')).toHaveLength(1);
    expect(talk.of('announce').findLast(({ turn }) => turn.number === FIRST + 2)?.turn.backend).toBe('offline');
  });

  it('lets a question under way be answered where it was asked', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(0)
      .question(1)
      .feed({ type: 'levelChanged', level: 'http' });
    expect(talk.of('answerWith')).toEqual([]);
  });
});

describe('Gemini deciding the turns itself', () => {
  it('begins a turn with the first sign of one and cuts it when it says interrupted', () => {
    const talk = connected({ serverVad: true }).at(0).server('userText', 'audio', 'interrupted');
    expect(talk.phases(FIRST)).toEqual(['listening', 'speaking', 'interrupted']);
    expect(talk.of('ask')).toEqual([]);
    talk.server('turnCompleted', 'userText', 'audio', 'generationCompleted', 'turnCompleted').wait();
    expect(talk.phases(FIRST + 1)).toEqual(['listening', 'speaking', 'done']);
  });
});
