import type { Failure } from '#shared/contract/thinker.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { ConversationPolicy, ConversationState, Draft } from './conversation-state.ts';
import { askAgain } from './server-output.ts';
import { spokenReason } from './spoken-reason.ts';
import { type Backend, isOver, looksComplete, type Turn, unexplainedSeconds } from './turn.ts';
import { advance, cut, fail, finishGeneration, isServerLed, put } from './turn-order.ts';

const NO_ANSWER: Failure = { kind: 'no-answer', message: 'Gemini gave no answer in time; ask again', retryable: true };
const GARBLED: Failure = { kind: 'garbled', message: 'Gemini sent sound without words; ask again', retryable: true };
const NO_CONNECTION: Failure = {
  kind: 'network',
  message: 'there is no connection to Gemini; ask again later',
  retryable: true,
};

/** When `timePassed` has something to do next; undefined: never. */
export function conversationWakeMs(state: ConversationState, policy: ConversationPolicy): number | undefined {
  const times: number[] = [];
  const { active } = state;
  if (active) {
    const silence = silenceMs(state, active, policy);
    if (silence !== undefined) times.push(silence);
    const deadline = deadlineMs(state, active, policy);
    if (deadline !== undefined) times.push(deadline);
    if (state.settleAtMs !== undefined) times.push(state.settleAtMs);
    times.push(garbledAtMs(active, policy), patienceAtMs(state, active, policy));
  }
  if (state.owed && !active) times.push(state.owed.sinceMs + policy.owedMs);
  for (const turn of state.recent) if (!isOver(turn)) times.push(heardByMs(turn, policy), garbledAtMs(turn, policy));
  const wakeMs = Math.min(...times);
  return Number.isFinite(wakeMs) ? wakeMs : undefined;
}

/** Does whatever is due by now. */
export function passTime(draft: Draft): void {
  const { policy } = draft;
  for (const turn of [...draft.recent, draft.active]) {
    if (turn && !isOver(turn) && draft.nowMs >= garbledAtMs(turn, policy)) stopGarbled(draft, turn);
  }
  for (const turn of draft.recent) {
    if (!isOver(turn) && draft.nowMs >= heardByMs(turn, policy)) advance(draft, turn, { type: 'ended' });
  }
  if (draft.owed && !draft.active && draft.nowMs >= draft.owed.sinceMs + policy.owedMs) delete draft.owed;
  const { active } = draft;
  if (!active) return;
  if (draft.settleAtMs !== undefined && draft.nowMs >= draft.settleAtMs) {
    delete draft.settleAtMs;
    endOrGoOn(draft, active);
    return;
  }
  const deadline = deadlineMs(draft, active, policy);
  if (deadline !== undefined && draft.nowMs >= deadline) {
    fallBack(draft, active, draft.liveFailure ?? (draft.connected ? NO_ANSWER : NO_CONNECTION));
    return;
  }
  if (draft.nowMs >= patienceAtMs(draft, active, policy)) {
    draft.patienceAsked = true;
    draft.effects.push({ type: 'explain', text: 'One moment, I am still working on it.' });
  }
  const silence = silenceMs(draft, active, policy);
  if (silence === undefined || draft.nowMs < silence) return;
  if (active.replySamples > 0) {
    draft.effects.push({ type: 'count', name: 'stalledAnswers' });
    endOrGoOn(draft, active);
    return;
  }
  if (isServerLed(draft, active)) {
    fallBack(draft, active, NO_ANSWER);
    return;
  }
  draft.effects.push({ type: 'count', name: draft.owed ? 'silencesAfterInterrupt' : 'silencesAfterQuestion' });
  askAgain(draft, active);
}

/** When sound that nothing is said in has gone on for too long. */
function garbledAtMs(turn: Turn, policy: ConversationPolicy): number {
  const borne = turn.modelText ? policy.wordlessSeconds : policy.silentTranscriptSeconds;
  if (turn.backend !== 'live' || unexplainedSeconds(turn) <= borne) return Number.POSITIVE_INFINITY;
  const { generationComplete, firstAudio = 0 } = turn.timings;
  return generationComplete === undefined
    ? firstAudio + policy.transcriptLagMs
    : generationComplete + Math.min(policy.transcriptLagMs, policy.playbackStartMs);
}

/** Stops a tone in place of an answer, says so, and leaves the connection that made it. */
function stopGarbled(draft: Draft, turn: Turn): void {
  draft.effects.push({ type: 'count', name: 'garbledAnswers' });
  cut(draft, turn);
  draft.effects.push({ type: 'explain', text: spokenReason(GARBLED) }, { type: 'reconnect' });
}

/** An answer that has stopped in the middle of a sentence is asked for its rest, once; anything else was the whole of it. */
function endOrGoOn(draft: Draft, active: Turn): void {
  if (draft.goneOn || looksComplete(active) || !draft.connected || active.backend !== 'live') {
    if (!draft.connected) draft.effects.push({ type: 'explain', text: spokenReason(NO_CONNECTION) });
    finishGeneration(draft, active);
    return;
  }
  draft.goneOn = true;
  draft.lifeAtMs = draft.nowMs;
  draft.effects.push({ type: 'count', name: 'answersContinued' }, { type: 'goOn', turn: active });
}

/** The next backend down answers (with Gemini's own detection nobody has kept the question for it); where there is none, the user is told why, and the turn has failed. */
export function fallBack(draft: Draft, active: Turn, failure: Failure): void {
  const next = below(draft, active);
  if (next && active.replySamples === 0 && !isServerLed(draft, active)) {
    draft.effects.push({ type: active.backend === 'live' ? 'withdraw' : 'cancelAnswer', turn: active.number });
    draft.effects.push({ type: 'count', name: 'fallenBack' });
    if (draft.atServerSinceMs !== undefined) {
      draft.owed = { turn: active.number, audio: 'overdue', sinceMs: draft.nowMs };
      delete draft.atServerSinceMs;
    }
    put(draft, advance(draft, active, { type: 'backendChanged', backend: next }));
    return;
  }
  giveUp(draft, active, failure);
}

/** The turn has failed, and the user is told why. */
export function giveUp(draft: Draft, turn: Turn, failure: Failure): void {
  draft.effects.push({ type: 'count', name: 'turnsWithoutAnswer' }, { type: 'explain', text: spokenReason(failure) });
  fail(draft, turn, failure);
}

/** When the silence about the active question becomes suspicious. */
function silenceMs(state: ConversationState, active: Turn, policy: ConversationPolicy): number | undefined {
  if (active.backend !== 'live') {
    return active.phase === 'speaking' ? state.lifeAtMs + policy.workWithinMs : undefined;
  }
  // Nobody tells us when the question ends, so only a long silence means that no answer will come.
  if (isServerLed(state, active) && active.phase !== 'speaking') return state.lifeAtMs + policy.workWithinMs;
  if (active.phase === 'speaking') return state.lifeAtMs + (state.connected ? policy.stalledMs : policy.answerWithinMs);
  if (!state.connected || state.toolsRunning) return undefined;
  // Both remedies spent: the clock of the turn decides.
  if (active.phase !== 'thinking' || (state.asks >= 2 && state.reconnects > 0)) return undefined;
  // The pong shows that the question is there, however long its way was.
  if (hasArrived(state)) return Math.max(state.lifeAtMs, state.pongedAtMs) + policy.noOutputMs;
  return Math.max(state.lifeAtMs, state.heardAtMs) + state.rttMs + policy.noPongMs;
}

/** The ping behind the question has been answered. */
function hasArrived({ pingedAtMs, sentAtMs }: ConversationState): boolean {
  return pingedAtMs >= sentAtMs;
}

/** What the network takes of the time an answer may take; without limit while the question is still on its way. */
function delayMs(state: ConversationState, active: Turn, endedMs: number): number {
  if (active.phase === 'thinking' && hasArrived(state)) return state.pongedAtMs - state.sentAtMs;
  const onItsWay = state.connected && state.heardAtMs > Math.max(endedMs, state.sentAtMs);
  return onItsWay ? Number.POSITIVE_INFINITY : state.rttMs;
}

/** The end of the question, or of the answer it had to wait for: that was no silence. */
function awaitedSinceMs({ activeSinceMs }: ConversationState, { timings }: Turn): number | undefined {
  const { questionEnded } = timings;
  return questionEnded === undefined ? undefined : Math.max(questionEnded, activeSinceMs);
}

/** When the user must hear something, answer or reason. */
function deadlineMs(state: ConversationState, active: Turn, policy: ConversationPolicy): number | undefined {
  const endedMs = awaitedSinceMs(state, active);
  if (endedMs === undefined || active.phase === 'speaking') return undefined;
  if (state.liveFailure && active.backend === 'live') return endedMs;
  if (active.backend === 'live' && state.serverWorks) return endedMs + policy.workWithinMs;
  const isLast = below(state, active) === undefined;
  if (active.backend !== 'live') return endedMs + (isLast ? policy.workWithinMs : policy.lastBackendAfterMs);
  if (isLast) return endedMs + policy.answerWithinMs;
  // A reconnection for this very question is part of its remedy and gets the longer time.
  const unconnected = !state.connected && state.reconnects === 0;
  const patienceMs = unconnected ? policy.connectWithinMs : policy.fallBackAfterMs;
  return endedMs + Math.min(policy.answerWithinMs, patienceMs + delayMs(state, active, endedMs));
}

/** When somebody who waits for whoever is at work must be told so. */
function patienceAtMs(state: ConversationState, active: Turn, policy: ConversationPolicy): number {
  const endedMs = awaitedSinceMs(state, active);
  const works = active.backend === 'live' ? state.serverWorks : below(state, active) === undefined;
  const waits = works && active.phase === 'thinking' && !state.patienceAsked;
  return waits && endedMs !== undefined ? endedMs + policy.answerWithinMs : Number.POSITIVE_INFINITY;
}

function below(state: ConversationState, { backend }: Turn): Backend | undefined {
  return state.lowerBackends[state.lowerBackends.indexOf(backend) + 1];
}

/** When a complete answer counts as heard: the speaker says so, nobody plays it, or the speaker has fallen silent about it. */
function heardByMs(turn: Turn, policy: ConversationPolicy): number {
  const generatedMs = turn.timings['generationComplete'] ?? 0;
  if (turn.playback === 'over')
    return turn.completed || turn.backend !== 'live' ? 0 : generatedMs + policy.playbackStartMs;
  const firstMs = turn.timings['firstAudio'] ?? generatedMs;
  const lengthMs = (turn.replySamples / REPLY_RATE_HZ) * 1000;
  if (turn.playback === 'none') {
    // The server completes a turn when it should have been played out.
    return turn.completed || turn.backend !== 'live'
      ? firstMs + policy.playbackStartMs
      : firstMs + lengthMs + policy.stalledMs;
  }
  return Math.max(firstMs + lengthMs, turn.playbackAtMs ?? 0) + policy.playbackSilenceMs;
}
