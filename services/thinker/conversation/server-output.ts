import type { ServerEvent } from '../live/server-message.ts';
import type { Draft } from './conversation-state.ts';
import { newTurn, type Turn } from './turn.ts';
import { activate, advance, cut, finishGeneration, isServerLed, turnNumbered } from './turn-order.ts';

/**
 * Books what the server says on the turn it belongs to. Messages carry no response id, so this goes by order: nothing
 * before the end of the active question is its answer, and a turn that was cut is owed its `interrupted` or
 * `turnComplete` before the next answer can begin.
 */
export function serverSaid(draft: Draft, event: ServerEvent, samples: number): void {
  if (draft.serverVad && !draft.active && beginsTurn(event)) startServerTurn(draft);
  switch (event.type) {
    case 'audio':
      audioArrived(draft, samples);
      return;
    case 'modelText':
      modelTextArrived(draft, event.text);
      return;
    case 'userText':
      userTextArrived(draft, event.text);
      return;
    case 'thought':
    case 'toolsCalled':
      if (answering(draft)) {
        draft.serverWorks = true;
        draft.toolsRunning ||= event.type === 'toolsCalled';
        draft.lifeAtMs = draft.nowMs;
      }
      return;
    case 'generationCompleted': {
      const active = answering(draft);
      if (active && active.replySamples > 0) finishGeneration(draft, active);
      // All sound of the turn that is owed its end has come; what follows is of the next one.
      else if (!active && draft.owed) draft.owed = { ...draft.owed, audio: 'no' };
      return;
    }
    case 'interrupted':
      interrupted(draft);
      return;
    case 'turnCompleted':
      turnCompleted(draft, event.moreFollows);
      return;
    default:
      return;
  }
}

/** The active turn, where output that comes now is its answer. */
function answering(draft: Draft): Turn | undefined {
  const { active, owed } = draft;
  if (active?.backend !== 'live' || (active.phase === 'listening' && !isServerLed(draft, active))) return undefined;
  if (owed?.audio === 'surely') return undefined;
  if (owed?.audio === 'perhaps') {
    const startedAtMs = draft.atServerSinceMs ?? draft.nowMs;
    if (draft.nowMs - startedAtMs < draft.policy.acknowledgedMs) return undefined;
  }
  return active;
}

function audioArrived(draft: Draft, samples: number): void {
  const active = answering(draft);
  if (!active) {
    draft.effects.push({ type: 'count', name: 'staleAudioDropped' });
    if (draft.owed?.audio === 'overdue') draft.owed = { ...draft.owed, audio: 'surely' };
    return;
  }
  delete draft.owed;
  delete draft.settleAtMs;
  draft.lifeAtMs = draft.nowMs;
  const first = active.replySamples === 0;
  const speaking = advance(draft, active, { type: 'audioArrived', samples });
  draft.effects.push({ type: 'playAudio', turn: speaking.number });
  if (first && speaking.userText) draft.effects.push({ type: 'transcribe', turn: speaking, role: 'user', final: true });
}

function modelTextArrived(draft: Draft, text: string): void {
  const active = answering(draft);
  if (active) {
    delete draft.settleAtMs;
    draft.lifeAtMs = draft.nowMs;
    const changed = advance(draft, active, { type: 'modelTextArrived', text });
    draft.effects.push({ type: 'transcribe', turn: changed, role: 'model', final: false });
    return;
  }
  // A transcript can come after the audio it belongs to; that of a turn that was cut is of no use.
  const last = draft.recent.at(-1);
  if (!last?.generated || last.phase === 'interrupted') return;
  const changed = advance(draft, last, { type: 'modelTextArrived', text });
  draft.effects.push({ type: 'transcribe', turn: changed, role: 'model', final: true });
  if (changed.phase === 'done') draft.effects.push({ type: 'remember', turn: changed });
}

/** Pieces of one transcript follow closely; this process may be late with them, and the next question's come after its end. */
const REST_OF_WORDS_MS = 500;

/** The transcript of a question can come after its answer, even when the next question has begun. */
function userTextArrived(draft: Draft, text: string): void {
  const last = draft.recent.at(-1);
  const { lateWords } = draft;
  const rest = lateWords?.turn === last?.number && draft.nowMs - (lateWords?.atMs ?? 0) < REST_OF_WORDS_MS;
  const lacking = last?.kind === 'speech' && (last.userText === '' || rest) && last.phase !== 'interrupted';
  const late = lacking ? last : undefined;
  const spoken = draft.active?.kind === 'speech' ? draft.active : undefined;
  const turn = rest || spoken?.phase === 'listening' ? (late ?? spoken) : (spoken ?? last);
  if (turn?.kind !== 'speech') return;
  if (turn === draft.active) draft.lifeAtMs = draft.nowMs;
  else draft.lateWords = { turn: turn.number, atMs: draft.nowMs };
  const changed = advance(draft, turn, { type: 'userTextArrived', text });
  const final = changed.phase !== 'listening' && changed.phase !== 'thinking';
  draft.effects.push({ type: 'transcribe', turn: changed, role: 'user', final });
  if (changed.phase === 'done') draft.effects.push({ type: 'remember', turn: changed });
}

function interrupted(draft: Draft): void {
  const { owed, active } = draft;
  if (owed) {
    draft.owed = { ...owed, audio: 'no' };
    return;
  }
  if (draft.serverVad) {
    if (active) cut(draft, active);
    for (const turn of draft.recent) if (turn.phase === 'speaking') cut(draft, turn);
    return;
  }
  // Nobody interrupted: what came of the answer is good, and what follows decides whether it was all.
  if (active && active.phase !== 'listening') draft.effects.push({ type: 'count', name: 'phantomInterrupts' });
}

function turnCompleted(draft: Draft, moreFollows: boolean): void {
  const { owed, active } = draft;
  if (owed) {
    delete draft.owed;
    draft.completed = { turn: owed.turn, atMs: draft.nowMs };
    const closed = turnNumbered(draft, owed.turn);
    if (closed) advance(draft, closed, { type: 'completed' });
    return;
  }
  if (!active || active.phase === 'listening' || moreFollows) return;
  draft.completed = { turn: active.number, atMs: draft.nowMs };
  if (active.replySamples > 0) {
    advance(draft, active, { type: 'completed' });
    draft.settleAtMs = draft.nowMs + draft.policy.settleMs;
    return;
  }
  draft.effects.push({ type: 'count', name: 'emptyTurns' });
  draft.heardAtMs = draft.nowMs;
  askAgain(draft, active);
}

/**
 * Once more on the same connection where it shows any life, then on a new one; the clock of the whole turn goes on and
 * has the last word.
 */
export function askAgain(draft: Draft, active: Turn): void {
  const { asks, owed, heardAtMs, sentAtMs } = draft;
  draft.lifeAtMs = draft.nowMs;
  if (asks < 2 && owed?.audio !== 'surely' && heardAtMs >= sentAtMs && !isServerLed(draft, active)) {
    draft.effects.push({ type: 'count', name: 'questionsAskedAgain' }, { type: 'ask', turn: active });
  } else if (draft.reconnects === 0) {
    draft.reconnects += 1;
    draft.effects.push({ type: 'count', name: 'reconnectsForAnswer' }, { type: 'reconnect' });
  }
}

function beginsTurn(event: ServerEvent): boolean {
  return (
    event.type === 'userText' || event.type === 'audio' || (event.type === 'voiceActivity' && event.state === 'started')
  );
}

/** With Gemini's own detection a turn begins when the server shows the first sign of one. */
function startServerTurn(draft: Draft): void {
  const turn = newTurn(draft.upcomingTurn, 'speech', 'live');
  draft.upcomingTurn += 1;
  draft.effects.push({ type: 'announce', turn });
  activate(draft, turn);
  draft.atServerSinceMs = draft.nowMs;
}
