import {
  type BackendReport,
  BURST_MS,
  CONVERSATION_POLICY,
  type ConversationEffect,
  type ConversationEvent,
  type ConversationPolicy,
  type ConversationState,
  type Draft,
} from './conversation-state.ts';
import { soundMissed } from './lost-sound.ts';
import { serverSaid } from './server-output.ts';
import { isOver, looksComplete, newTurn, type Turn } from './turn.ts';
import { admit, advance, cut, finishGeneration, isServerLed, put, textAsked, turnNumbered } from './turn-order.ts';
import { fallBack, giveUp, passTime } from './watchdogs.ts';

/**
 * The conversation: which turn is listened to, asked, answered, cut. Pure; it owns the turns, everything else reports.
 * At most one turn is at the server; every turn ends as done, interrupted or failed.
 */
export function nextConversation(
  state: ConversationState,
  event: ConversationEvent,
  policy: ConversationPolicy = CONVERSATION_POLICY,
): { state: ConversationState; effects: ConversationEffect[] } {
  const draft: Draft = { ...state, effects: [], nowMs: event.atMs, policy };
  take(draft, event);
  passTime(draft);
  const { effects, nowMs: _now, policy: _policy, ...next } = draft;
  return { state: next, effects };
}

/** Whether the connection is in use, so that this is no moment to replace it. */
export function isBusy(state: ConversationState): boolean {
  return state.active !== undefined || state.owed !== undefined;
}

function take(draft: Draft, event: ConversationEvent): void {
  switch (event.type) {
    case 'utteranceStarted':
      utteranceStarted(draft, event.utterance, event.speechStartedMs);
      return;
    case 'utteranceEnded':
      utteranceEnded(draft, event.utterance, event.speechEndedMs);
      return;
    case 'turnInherited':
      draft.inherited = [...draft.inherited, { turn: event.turn, utterance: event.utterance }];
      return;
    case 'turnLeftBehind':
      draft.recent = [...draft.recent, event.turn];
      if (event.failure) advance(draft, event.turn, { type: 'failed', failure: event.failure });
      return;
    case 'textAsked':
      textAsked(draft, event);
      return;
    case 'questionStarted':
      if (draft.active?.number === event.turn) draft.atServerSinceMs = draft.nowMs;
      return;
    case 'questionSent':
      questionSent(draft, event.turn);
      return;
    case 'interruptAsked':
      interruptAsked(draft, event.byVoice, event.utterance);
      return;
    case 'questionDiscarded':
      for (const turn of [...draft.recent, ...draft.waiting, ...(draft.active ? [draft.active] : [])]) {
        if (turn.utterance === event.utterance && !isOver(turn)) cut(draft, turn);
      }
      return;
    case 'connected':
      connected(draft);
      return;
    case 'disconnected':
      draft.connected = false;
      draft.toolsRunning = false;
      delete draft.owed;
      delete draft.atServerSinceMs;
      delete draft.settleAtMs;
      return;
    case 'liveFailed':
      draft.liveFailure = event.failure;
      return;
    case 'levelChanged':
      levelChanged(draft, event.level);
      return;
    case 'serverSaid':
      serverSaid(draft, event.event, event.samples ?? 0);
      return;
    case 'backendReported':
      backendReported(draft, event.turn, event.report);
      return;
    case 'soundMissed':
      soundMissed(draft, event.turn, event.position);
      return;
    case 'played':
      played(draft, event.turn, event.state, event.position);
      return;
    case 'toolsAnswered':
      draft.toolsRunning = false;
      draft.lifeAtMs = draft.nowMs;
      return;
    case 'usageBooked': {
      const turn = turnOfUsage(draft);
      const booked = turn && advance(draft, turn, { type: 'usageBooked', usage: event.usage });
      // Models that report after `turnComplete`: the turn's last report went out without its account.
      if (booked?.phase === 'done' || booked?.phase === 'interrupted')
        draft.effects.push({ type: 'announce', turn: booked });
      return;
    }
    case 'timePassed':
      Object.assign(draft, event.network);
      return;
  }
}

function turnOfUsage(draft: Draft): Turn | undefined {
  const { owed, active, completed, recent, nowMs } = draft;
  if (owed) return turnNumbered(draft, owed.turn);
  const behind = completed && nowMs - completed.atMs < BURST_MS && active?.phase !== 'speaking';
  return (behind ? turnNumbered(draft, completed.turn) : undefined) ?? active ?? recent.at(-1);
}

function utteranceStarted(draft: Draft, utterance: number, speechStartedMs: number): void {
  if ([draft.active, ...draft.waiting, ...draft.recent].some((turn) => turn?.utterance === utterance)) return;
  const turn: Turn = {
    ...newTurn(numberFor(draft, utterance), 'speech', draft.level, utterance),
    timings: { speechStarted: speechStartedMs },
  };
  draft.effects.push({ type: 'announce', turn });
  admit(draft, turn);
}

/** The number a predecessor announced for this utterance, or a new one. */
function numberFor(draft: Draft, utterance: number): number {
  const inherited = draft.inherited.find((turn) => turn.utterance === utterance);
  if (inherited) {
    draft.inherited = draft.inherited.filter((turn) => turn !== inherited);
    return inherited.turn;
  }
  draft.upcomingTurn += 1;
  return draft.upcomingTurn - 1;
}

function utteranceEnded(draft: Draft, utterance: number, speechEndedMs: number): void {
  const turn = [draft.active, ...draft.waiting].find((candidate) => candidate?.utterance === utterance);
  if (!turn && draft.inherited.some((inherited) => inherited.utterance === utterance)) {
    // Nobody has the samples any more: no backend can answer the turn.
    const lost = newTurn(numberFor(draft, utterance), 'speech', draft.level, utterance);
    admit(draft, lost);
    giveUp(draft, lost, {
      kind: 'restarted',
      message: 'the question was lost in a restart; ask again',
      retryable: true,
    });
  }
  if (!turn) return;
  const stamped: Turn = { ...turn, timings: { ...turn.timings, speechEnded: speechEndedMs } };
  if (draft.active === turn) draft.active = stamped;
  else draft.waiting = draft.waiting.map((other) => (other === turn ? stamped : other));
  const ended = advance(draft, stamped, { type: 'questionEnded' });
  if (draft.active === ended && ended.backend !== 'live') put(draft, ended);
}

function questionSent(draft: Draft, number: number): void {
  if (draft.active?.number !== number) return;
  draft.asks += 1;
  draft.sentAtMs = draft.nowMs;
  draft.lifeAtMs = draft.nowMs;
  advance(draft, draft.active, { type: 'questionSent' });
}

function interruptAsked(draft: Draft, byVoice: boolean, utterance: number | undefined): void {
  const spared = (turn: Turn) => utterance !== undefined && turn.utterance === utterance;
  for (const turn of draft.recent) if (!isOver(turn) && !spared(turn)) cut(draft, turn);
  // Announcements of other layers survive the user's own words, not a "stop". The rest of an answer is none.
  const survives = ({ kind, number }: Turn) => byVoice && kind !== 'speech' && number !== draft.again?.turn;
  for (const turn of draft.waiting) if (!spared(turn) && !survives(turn)) cut(draft, turn);
  const { active } = draft;
  if (!active || spared(active)) return;
  const generating = active.backend === 'live' && active.phase !== 'listening';
  cut(draft, active);
  if (generating && !byVoice && !draft.active) draft.effects.push({ type: 'hush' });
}

/** A new connection knows nothing of the question at hand, so it is put again from its beginning. */
function connected(draft: Draft): void {
  draft.connected = true;
  delete draft.liveFailure;
  const { active } = draft;
  if (active?.backend !== 'live' || isServerLed(draft, active)) return;
  draft.lifeAtMs = draft.nowMs;
  if (active.replySamples === 0) {
    draft.effects.push({ type: 'ask', turn: active });
    return;
  }
  if (draft.goneOn || looksComplete(active)) {
    finishGeneration(draft, active);
    return;
  }
  draft.goneOn = true;
  draft.effects.push({ type: 'ask', turn: active, remark: brokenOff(active) });
}

/** Goes with the question when it is put again after half an answer. */
function brokenOff(turn: Turn): string {
  return `[The connection broke while you answered this. The wearer already has: "${turn.modelText.trim()}" Go on from there; repeat nothing.]`;
}

function levelChanged(draft: Draft, level: Draft['level']): void {
  if (draft.level === level) return;
  draft.level = level;
  const { active } = draft;
  if (active?.phase !== 'listening' || isServerLed(draft, active)) return;
  const unsent = draft.atServerSinceMs === undefined;
  if (active.backend === 'live' && !unsent) return;
  put(draft, advance(draft, active, { type: 'backendChanged', backend: level }));
}

function backendReported(draft: Draft, number: number, report: BackendReport): void {
  const { active } = draft;
  if (active?.number !== number || active.backend === 'live') return;
  switch (report.type) {
    case 'userText': {
      const turn = advance(draft, active, { type: 'textReplaced', role: 'user', text: report.text });
      draft.effects.push({ type: 'transcribe', turn, role: 'user', final: true });
      return;
    }
    case 'modelText': {
      const turn = advance(draft, active, { type: 'textReplaced', role: 'model', text: report.text });
      draft.effects.push({ type: 'transcribe', turn, role: 'model', final: false });
      return;
    }
    case 'audio': {
      draft.lifeAtMs = draft.nowMs;
      const turn = advance(draft, active, { type: 'audioArrived', samples: report.samples });
      draft.effects.push({ type: 'playAudio', turn: turn.number });
      return;
    }
    case 'usage':
      advance(draft, active, { type: 'usageBooked', usage: report.usage });
      return;
    case 'finished':
      finishGeneration(draft, active);
      return;
    case 'failed':
      fallBack(draft, active, report.failure);
      return;
  }
}

function played(draft: Draft, number: number, state: 'playing' | 'over', position: number): void {
  const turn = turnNumbered(draft, number);
  if (!turn || (turn.playback === 'over' && turn.playedSamples >= position)) return;
  const heard = advance(draft, turn, { type: 'played', state, position });
  if (state !== 'over' || !isOver(heard)) return;
  // The exact place where a cut answer stopped is known only now.
  draft.effects.push({ type: 'announce', turn: heard }, { type: 'remember', turn: heard });
}
