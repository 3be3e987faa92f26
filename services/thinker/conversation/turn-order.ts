import type { Failure } from '#shared/contract/thinker.ts';
import type { ConversationState, Draft, TextAsked } from './conversation-state.ts';
import { isOver, newTurn, nextTurn, type Turn, type TurnEvent } from './turn.ts';

/** More questions than this are not waited for: the newest is refused, or for the user's own words the last text. */
const MAX_WAITING = 8;
/** Turns that are over whose playback, late transcript or usage may still come; those that are not are kept until they are. */
const MAX_RECENT = 6;

type EventBody = TurnEvent extends infer Event ? (Event extends TurnEvent ? Omit<Event, 'atMs'> : never) : never;

/** Applies an event to the turn wherever it stands, and announces a changed phase. Returns the turn as it is now. */
export function advance(draft: Draft, turn: Turn, event: EventBody): Turn {
  const changed = nextTurn(turn, { ...event, atMs: draft.nowMs } as TurnEvent);
  if (changed === turn) return turn;
  replace(draft, changed);
  if (changed.phase !== turn.phase || changed.backend !== turn.backend)
    draft.effects.push({ type: 'announce', turn: changed });
  if (isOver(changed) && !isOver(turn)) conclude(draft, changed);
  return changed;
}

export function turnNumbered(draft: Draft, number: number): Turn | undefined {
  if (draft.active?.number === number) return draft.active;
  return [...draft.waiting, ...draft.recent].find((turn) => turn.number === number);
}

/** Makes the turn the one that is asked, or lets it wait its turn. The user's own words go before texts of other layers. */
export function admit(draft: Draft, turn: Turn): void {
  if (!draft.active) {
    activate(draft, turn);
    return;
  }
  const place =
    turn.kind === 'speech' ? draft.waiting.filter(({ kind }) => kind === 'speech').length : draft.waiting.length;
  draft.waiting = [...draft.waiting.slice(0, place), turn, ...draft.waiting.slice(place)];
  const refused = draft.waiting[MAX_WAITING];
  if (!refused) return;
  draft.effects.push({ type: 'count', name: 'questionsRefused' });
  fail(draft, refused, { kind: 'busy', message: 'too many questions are waiting: ask again later', retryable: true });
}

/** A question or an announcement in text becomes a turn. */
export function textAsked(draft: Draft, event: TextAsked): void {
  const { kind, text, withFrame } = event;
  const fresh = newTurn(draft.upcomingTurn, kind, draft.level);
  const turn: Turn = { ...fresh, timings: { questionEnded: draft.nowMs }, userText: event.userText };
  if (event.restOf !== undefined) draft.again = { turn: turn.number, restOf: event.restOf };
  draft.upcomingTurn += 1;
  draft.effects.push({ type: 'prepareText', turn: turn.number, kind, text, withFrame });
  admit(draft, turn);
}

export function activate(draft: Draft, admitted: Turn): void {
  // The level may have changed while it waited.
  const outdated = admitted.backend !== draft.level && !isServerLed(draft, admitted);
  const turn: Turn = outdated ? { ...admitted, backend: draft.level } : admitted;
  draft.active = turn;
  draft.activeSinceMs = draft.nowMs;
  draft.asks = 0;
  draft.reconnects = 0;
  draft.lifeAtMs = draft.nowMs;
  draft.serverWorks = false;
  draft.toolsRunning = false;
  draft.patienceAsked = false;
  draft.goneOn = false;
  delete draft.settleAtMs;
  delete draft.atServerSinceMs;
  if (turn.kind !== 'speech' || outdated) draft.effects.push({ type: 'announce', turn });
  put(draft, turn);
}

/** Gemini itself decides where this question begins and ends; nobody here has kept it. */
export function isServerLed(state: Pick<ConversationState, 'serverVad'>, turn: Turn): boolean {
  return state.serverVad && turn.kind === 'speech';
}

/** Puts the active question to whoever answers at this level. */
export function put(draft: Draft, turn: Turn): void {
  if (turn.backend === 'live') {
    if (draft.connected && !isServerLed(draft, turn)) draft.effects.push({ type: 'ask', turn });
  } else if ('questionEnded' in turn.timings) {
    const asked = advance(draft, turn, { type: 'questionSent' });
    draft.effects.push({ type: 'answerWith', turn: asked, backend: turn.backend });
  }
}

/** The active turn leaves its place; the next question in line takes it. */
export function release(draft: Draft): void {
  const { active } = draft;
  if (!active) return;
  delete draft.active;
  delete draft.settleAtMs;
  delete draft.atServerSinceMs;
  draft.recent = [...draft.recent, active];
  const oldest = draft.recent.filter(isOver).slice(0, Math.max(0, draft.recent.length - MAX_RECENT));
  draft.recent = draft.recent.filter((turn) => !oldest.includes(turn));
  const [next, ...rest] = draft.waiting;
  if (!next) return;
  draft.waiting = rest;
  activate(draft, next);
}

/** The answer is complete on the server's side; it is still being played. */
export function finishGeneration(draft: Draft, active: Turn): void {
  const generated = advance(draft, active, { type: 'generated' });
  draft.effects.push({ type: 'endAudio', turn: generated.number });
  if (generated.modelText) draft.effects.push({ type: 'transcribe', turn: generated, role: 'model', final: true });
  if (generated.backend === 'live' && !generated.completed) owe(draft, generated);
  release(draft);
}

/** Ends the turn for good because somebody interrupted it. */
export function cut(draft: Draft, turn: Turn): void {
  takeBack(draft, turn, advance(draft, turn, { type: 'cut' }));
}

export function fail(draft: Draft, turn: Turn, failure: Failure): void {
  takeBack(draft, turn, advance(draft, turn, { type: 'failed', failure }));
}

/** The question is withdrawn from whoever answers it, and the next one takes its place. */
function takeBack(draft: Draft, before: Turn, after: Turn): void {
  if (draft.active?.number !== after.number) {
    draft.waiting = draft.waiting.filter(({ number }) => number !== after.number);
    return;
  }
  draft.effects.push({ type: before.backend === 'live' ? 'withdraw' : 'cancelAnswer', turn: after.number });
  if (draft.atServerSinceMs !== undefined) owe(draft, after);
  release(draft);
}

export function owe(draft: Draft, turn: Turn): void {
  // What an earlier turn owes is not settled by cutting this one.
  const surely = turn.replySamples > 0 || draft.owed?.audio === 'surely';
  const audio = turn.generated ? 'no' : surely ? 'surely' : 'perhaps';
  draft.owed = { turn: turn.number, audio, sinceMs: draft.nowMs };
}

function conclude(draft: Draft, turn: Turn): void {
  if (turn.phase !== 'done' && turn.replySamples > 0 && !turn.generated) {
    draft.effects.push({ type: 'endAudio', turn: turn.number });
  }
  if (turn.userText && turn.replySamples === 0) {
    draft.effects.push({ type: 'transcribe', turn, role: 'user', final: true });
  }
  if (turn.modelText && !turn.generated) draft.effects.push({ type: 'transcribe', turn, role: 'model', final: true });
  draft.effects.push({ type: 'remember', turn });
}

function replace(draft: Draft, turn: Turn): void {
  if (draft.active?.number === turn.number) draft.active = turn;
  draft.waiting = draft.waiting.map((other) => (other.number === turn.number ? turn : other));
  draft.recent = draft.recent.map((other) => (other.number === turn.number ? turn : other));
}
