import type { Privacy } from '#shared/contract/control.ts';
import { settleRequests, stopped, transcribed } from './answering.ts';
import type { Command } from './commands.ts';
import { privacyWords } from './control/privacy-words.ts';
import { nextLayerRequests } from './layers/layer-requests.ts';
import { announce } from './level/announcements.ts';
import { type LevelEvent, nextLevel } from './level/service-level.ts';
import { quietly, type RouterEvent, type RouterReaction, type RouterState } from './router-state.ts';
import { isOpen, isOvertaken, replyPlayed, stateOf, turnReported } from './turns/turn-watch.ts';

/** The whole router as one pure function: what has happened in, what shall be published out. */
export function nextRouter(state: RouterState, event: RouterEvent): RouterReaction {
  const reaction = react(state, event);
  if (reaction.state.thinkerThere) return reaction;
  // Nobody would render a `say`; the speaker's own voice is there even so.
  return {
    ...reaction,
    commands: reaction.commands.map((command) =>
      command.type === 'say' ? { type: 'alert', text: command.text } : command,
    ),
  };
}

function react(state: RouterState, event: RouterEvent): RouterReaction {
  switch (event.type) {
    case 'transcribed':
      return transcribed(state, event.transcript, event.atMs);
    case 'turnReported': {
      const after = { ...state, turns: turnReported(state.turns, event.turn) };
      // What is over is told again with its account, or with what was heard of it: no second failure.
      return isOpen(state.turns, event.turn.turn) ? relevel(after, event) : quietly(after);
    }
    case 'sessionReported':
    case 'liveSwitched':
      return relevel(state, event);
    case 'played':
      return quietly({ ...state, turns: replyPlayed(state.turns, event.playback) });
    case 'speakerReported':
      return quietly({ ...state, speaking: event.speaking, volume: event.volume });
    case 'layerAnswered':
      return settleRequests(
        state,
        nextLayerRequests(state.requests, { ...event, type: 'answered', overtaken: overtakenIn(state) }),
      );
    case 'privacyChanged':
      return privacyChanged(state, event.privacy, event.retained);
    case 'volumeChanged':
      return quietly({ ...state, volume: event.volume });
    case 'thinkerSeen':
      return thinkerSeen(state, event.there, event.startedAtMs, event.atMs);
    case 'stopHeard':
      return stopped(state);
    case 'timePassed':
      return timePassed(state, event.atMs);
  }
}

function thinkerSeen(state: RouterState, there: boolean, startedAtMs: number, atMs: number): RouterReaction {
  // The last will of a process that has a successor already is no news.
  if (!there && startedAtMs < (state.thinkerStartedAtMs ?? 0)) return quietly(state);
  if (!there) return relevel({ ...state, thinkerThere: false }, { type: 'thinkerLeft', atMs });
  const seen = { ...state, thinkerThere: true, thinkerStartedAtMs: startedAtMs };
  const known = state.thinkerStartedAtMs ?? startedAtMs;
  return known === startedAtMs ? quietly(seen) : relevel(seen, { type: 'thinkerArrived', atMs });
}

/** Whoever presses the button hears that it worked; a spoken command has confirmed itself already. */
function privacyChanged(state: RouterState, privacy: Privacy, retained: boolean): RouterReaction {
  const text = retained ? undefined : privacyWords(state.privacy, privacy);
  const after = { ...state, privacy };
  return text === undefined ? quietly(after) : { state: after, commands: [{ type: 'alert', earcon: 'ready', text }] };
}

function timePassed(state: RouterState, atMs: number): RouterReaction {
  const requested = settleRequests(
    state,
    nextLayerRequests(state.requests, {
      type: 'timePassed',
      atMs,
      overtaken: overtakenIn(state),
      modelAnswers: (turn) => state.level.current.level !== 'offline' && stateOf(state.turns, turn) !== undefined,
    }),
  );
  const levelled = relevel(requested.state, { type: 'timePassed', atMs });
  return { state: levelled.state, commands: [...requested.commands, ...levelled.commands] };
}

function relevel(state: RouterState, event: LevelEvent): RouterReaction {
  const level = nextLevel(state.level, event);
  const announced = announce(state.announcements, level, event.atMs);
  const after = { ...state, level, announcements: announced.state };
  if (level.current === state.level.current) return { state: after, commands: announced.commands };
  const commands: Command[] = [
    { type: 'setLevel', fallback: level.current },
    { type: 'count', name: 'levelChanges' },
    ...announced.commands,
  ];
  return { state: after, commands };
}

function overtakenIn(state: RouterState): (turn: number) => boolean {
  return (turn) => isOvertaken(state.turns, turn);
}
