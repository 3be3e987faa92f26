import { describe, expect, it } from 'vitest';
import { connected, FIRST, networkOf, plain, play } from './play.fixture.ts';

describe('a server that misbehaves', () => {
  it('is asked again when it says nothing, then replaced, then explained, within eight seconds', () => {
    const talk = connected().at(1_000).question(1);
    talk.rttMs = 50;
    talk.wait(2_549);
    expect(talk.of('ask')).toHaveLength(1);
    talk.wait(2_550);
    expect(talk.of('ask')).toHaveLength(2);
    talk.feed({ type: 'questionStarted', turn: FIRST }, { type: 'questionSent', turn: FIRST }).wait(4_200);
    expect(talk.of('reconnect')).toHaveLength(1);
    talk.feed({ type: 'disconnected' }, { type: 'connected' }, { type: 'questionSent', turn: FIRST });
    expect(talk.of('ask')).toHaveLength(3);
    talk.wait(9_000);
    expect(talk.of('explain')).toHaveLength(1);
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'failed', failure: { kind: 'no-answer' } });
    expect(talk.nowMs).toBeLessThanOrEqual(9_000);
  });

  it('is replaced at once where not even a pong comes', () => {
    const talk = connected().at(1_000).question(1);
    talk.alive = false;
    talk.wait(4_000);
    expect(talk.of('ask')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it.each([
    ['where it is known', 4_000, 4_000],
    ['of a second each way where nobody knows of it yet', 2_000, 0],
  ])('is given the time its distance takes, %s', (_name, rttMs, knownRttMs) => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    Object.assign(talk, { rttMs, knownRttMs });
    talk.wait(1_000 + rttMs + 1_400);
    expect(talk.of('ask')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(0);
    talk.server('audio');
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });

  it('is left in peace while a slow network still carries the question, and then has its own time', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    talk.behindMs = 5_000;
    // Pings between the sound are answered.
    for (const heardAtMs of [2_500, 4_500]) {
      talk.wait(heardAtMs).feed({ type: 'timePassed', network: { ...networkOf(talk.state), heardAtMs } });
    }
    talk.wait(7_400);
    expect(talk.of('ask')).toHaveLength(1);
    expect([...talk.of('reconnect'), ...talk.of('answerWith')]).toEqual([]);
    talk.wait(8_000);
    // The promise to the user comes before everything.
    expect(talk.of('answerWith')[0]?.backend).toBe('http');
  });

  it('is asked again after an empty turn, and again on a new connection', () => {
    const talk = connected().at(1_000).question(1).server('turnCompleted');
    expect(talk.of('ask')).toHaveLength(2);
    talk.feed({ type: 'questionSent', turn: FIRST }).server('turnCompleted');
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it('may complete the turn too soon: what follows still belongs to the answer', () => {
    const talk = connected().at(1_000).question(1).server('audio', 'turnCompleted').at(1_400).server('audio');
    talk.server('generationCompleted').wait();
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('is asked for the rest of an answer that stops in the middle of a sentence, once', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .server({ type: 'modelText', text: 'There is a' }, 'audio', 'turnCompleted');
    talk.wait(2_000);
    expect(talk.of('goOn')).toHaveLength(1);
    talk.server('audio', 'turnCompleted').wait();
    expect(talk.of('goOn')).toHaveLength(1);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
  });

  it('may say interrupted though nobody interrupted', () => {
    const talk = connected()
      .at(1_000)
      .question(1)
      .server('audio', 'interrupted', 'audio', 'generationCompleted', 'turnCompleted');
    talk.wait();
    expect(talk.of('playAudio')).toHaveLength(2);
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.counts()).toContain('phantomInterrupts');
  });

  it('may stop in the middle of an answer: the turn still ends', () => {
    const talk = connected().at(1_000).question(1).server('audio').wait();
    expect(talk.phases(FIRST).at(-1)).toBe('done');
    expect(talk.counts()).toContain('stalledAnswers');
  });

  it('may send a tone in place of speech: it is stopped, the user is told, and the connection is left', () => {
    const talk = connected().at(1_000).question(1).server({ type: 'modelText', text: 'Well' });
    for (let second = 0; second < 12; second += 1) {
      talk.at(1_300 + second * 500).feed({ type: 'serverSaid', event: plain('audio'), samples: 24_000 });
    }
    expect(talk.phases(FIRST).at(-1)).toBe('interrupted');
    expect(talk.of('explain')).toHaveLength(1);
    expect(talk.of('reconnect')).toHaveLength(1);
  });

  it('may send the transcript of a long answer late', () => {
    const talk = connected().at(1_000).question(1);
    for (let second = 0; second < 20; second += 1)
      talk.feed({ type: 'serverSaid', event: plain('audio'), samples: 24_000 });
    talk.feed({ type: 'played', turn: FIRST, state: 'playing', position: 1 });
    talk.at(2_000).server({ type: 'modelText', text: 'word '.repeat(50) }, 'generationCompleted', 'turnCompleted');
    talk.wait(9_000);
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });

  it('that shows its work gets more time', () => {
    const talk = connected().at(1_000).question(1);
    for (let atMs = 2_000; atMs < 12_000; atMs += 1_000) talk.wait(atMs).server('thought');
    expect(talk.of('explain')).toEqual([{ type: 'explain', text: expect.stringContaining('One moment') }]);
    expect(talk.of('ask')).toHaveLength(1);
    talk.server('audio');
    expect(talk.phases(FIRST).at(-1)).toBe('speaking');
  });
});

describe('a server that was too slow for the first question', () => {
  /** HTTP has answered in its place; the second question, in text, is at the server. */
  function fallenBack(meanwhile: (talk: ReturnType<typeof play>) => void = () => undefined) {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    talk.wait(6_000);
    expect(talk.state.active?.backend).toBe('http');
    meanwhile(talk);
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'finished' } });
    talk.at(8_000).feed({ type: 'textAsked', kind: 'ask', text: 'and that?', userText: 'and that?', withFrame: false });
    return talk.feed({ type: 'questionStarted', turn: FIRST + 1 }, { type: 'questionSent', turn: FIRST + 1 });
  }
  const played = (talk: ReturnType<typeof play>) => talk.of('playAudio').map(({ turn }) => turn);

  it('is not heard with the old answer in place of the new one', () => {
    const talk = fallenBack((late) => late.server('audio', 'modelText'));
    talk.server('audio', 'interrupted', 'turnCompleted');
    expect(played(talk)).toEqual([FIRST]);
    talk.server('audio', 'generationCompleted', 'turnCompleted').wait();
    expect(played(talk)).toEqual([FIRST, FIRST + 1]);
    expect(talk.of('ask').filter(({ turn }) => turn.number === FIRST + 1)).toHaveLength(1);
  });

  it('is heard with the new answer though it closes the old one, which was complete, much later', () => {
    const talk = fallenBack((late) => late.server('audio', 'generationCompleted')).server('audio');
    expect(played(talk)).toEqual([FIRST, FIRST + 1]);
  });

  it('is not asked again because it closes the old turn only now', () => {
    const talk = fallenBack().server('turnCompleted');
    expect(talk.counts()).not.toContain('emptyTurns');
  });

  it('need not acknowledge that the answer of HTTP was cut', () => {
    const talk = connected({ lowerBackends: ['http'] })
      .at(1_000)
      .question(1);
    talk.wait(6_000).feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    talk.feed({ type: 'interruptAsked', byVoice: true, utterance: 2 }).question(2).server('audio');
    expect(played(talk)).toEqual([FIRST, FIRST + 1]);
  });

  it('is heard at once where it had forgotten that question', () => {
    expect(played(fallenBack().server('audio'))).toEqual([FIRST, FIRST + 1]);
  });
});

describe('a lost connection', () => {
  it('has the question put again from its beginning', () => {
    const talk = connected().at(1_000).feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 900 });
    talk.feed({ type: 'disconnected' }).at(1_300).feed({ type: 'connected' });
    expect(talk.of('ask').map(({ turn }) => turn.number)).toEqual([FIRST, FIRST]);
  });

  it('in the middle of an answer has the model go on where it broke off', () => {
    const talk = connected().at(1_000).question(1).server({ type: 'modelText', text: 'On your left' }, 'audio');
    talk.feed({ type: 'disconnected' }, { type: 'connected' });
    expect(talk.of('ask').at(-1)?.remark).toContain('On your left');
  });

  it('ends the wait for tools that were called on it: silence on the next one is silence again', () => {
    const talk = connected().at(1_000).question(1).server('toolsCalled');
    talk.at(2_000).feed({ type: 'disconnected' }).at(2_300).feed({ type: 'connected' });
    talk.feed({ type: 'questionStarted', turn: FIRST }, { type: 'questionSent', turn: FIRST }).wait(4_500);
    expect(talk.counts()).toContain('silencesAfterQuestion');
  });

  it('that does not come back is explained within eight seconds', () => {
    const talk = play().at(1_000).feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait();
    expect(talk.nowMs).toBeLessThanOrEqual(9_000);
    expect(talk.of('explain')[0]?.text).toContain('no connection');
    expect(talk.phases(FIRST).at(-1)).toBe('failed');
  });

  it('is handed to the next backend down where there is one', () => {
    const talk = play({ lowerBackends: ['http', 'offline'] }).at(1_000);
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 }).wait(3_500);
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }]);
    const failure = { kind: 'network', message: 'no network', retryable: true };
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'failed', failure } });
    expect(talk.of('answerWith')).toMatchObject([{ backend: 'http' }, { backend: 'offline' }]);
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'audio', samples: 10 } });
    talk.feed({ type: 'backendReported', turn: FIRST, report: { type: 'finished' } }).wait();
    expect(talk.of('announce').at(-1)?.turn).toMatchObject({ phase: 'done', backend: 'offline' });
  });

  it('for good is explained as soon as the question is whole', () => {
    const talk = play()
      .at(1_000)
      .feed({ type: 'liveFailed', failure: { kind: 'auth', message: 'm', retryable: false } });
    talk.feed({ type: 'utteranceStarted', utterance: 1, speechStartedMs: 0 });
    expect(talk.of('explain')).toEqual([]);
    talk.feed({ type: 'utteranceEnded', utterance: 1, speechEndedMs: 1_000 });
    expect(talk.of('explain')[0]?.text).toContain('key');
  });
});
