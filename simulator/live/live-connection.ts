import type { WebSocket } from 'ws';
import type { Clock } from '#shared/time/clock.ts';
import type { Answerer } from '../answer/answerer.ts';
import { decodeClientMessage } from './client-message.ts';
import { isRecord } from './field-tree.ts';
import type { Recordings } from './recordings.ts';
import { next, nextAppointmentMs } from './session.ts';
import {
  type Action,
  connectionFault,
  newSession,
  type Question,
  type Resumption,
  type SessionEffect,
  type SessionEvent,
  type SessionProfile,
  type SessionState,
} from './session-state.ts';

/** What a connection needs from the simulator around it. */
export interface LiveSurroundings {
  clock: Clock;
  seed: number;
  recordings: Recordings;
  answer: Answerer;
  countTurn(): void;
  show(image: Buffer): void;
  recall(handle: string): Resumption;
  remember(handle: string, context: SessionState['context']): void;
  ended(closed: NonNullable<SessionState['closed']>): void;
  /** An answer could not be made; the session is closed as a backend that failed. */
  failed(error: unknown): void;
}

/** One client's WebSocket with the session behind it. */
export interface LiveConnection {
  readonly state: SessionState;
  readonly lastImageBytes: number | undefined;
  command(action: Action): void;
  /** Cuts the connection, half-open ones too, and clears its timers. */
  stop(): void;
}

/** A client that does not answer our close frame is cut off after this long. */
const CLOSE_DEADLINE_MS = 2_000;
/** A client that reads nothing is given up rather than remembered for: some twenty minutes of speech. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** Runs a session over an open WebSocket until either side ends it. */
export function serveLive(socket: WebSocket, profile: SessionProfile, around: LiveSurroundings): LiveConnection {
  const { clock, recordings } = around;
  const { connection } = profile;
  let state = newSession(profile, around.seed, clock.nowMs());
  let image: Buffer | undefined;
  let cancelWake: () => void = () => undefined;
  const timers = new Set<() => void>();

  function dispatch(event: SessionEvent): void {
    const recordedBefore = state.recordedSamples;
    const { turns: turnsBefore, closed: closedBefore } = state;
    const step = next(state, event);
    state = step.state;
    if (state.turns > turnsBefore) around.countTurn();
    if (state.closed && !closedBefore) around.ended(state.closed);
    let recorded = recordedBefore;
    for (const effect of step.effects) {
      if (effect.kind === 'record') {
        recordings.append(connection, recorded, effect.pcm);
        recorded += effect.pcm.length / 2;
      } else perform(effect);
    }
    cancelWake();
    const atMs = nextAppointmentMs(state);
    if (atMs === undefined) return;
    cancelWake = clock.after(Math.max(0, atMs - clock.nowMs()), () =>
      dispatch({ kind: 'woke', atMs: Math.max(atMs, clock.nowMs()) }),
    );
  }

  function perform(effect: Exclude<SessionEffect, { kind: 'record' }>): void {
    switch (effect.kind) {
      case 'send':
        // Binary frames that hold UTF-8 JSON, as the real server sends them.
        if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
        else socket.send(Buffer.from(JSON.stringify(effect.message)), { binary: true });
        return;
      case 'send-garbage':
        socket.send(Buffer.from('{"serverContent":{'), { binary: true });
        return;
      case 'show':
        image = effect.image.bytes;
        around.show(image);
        return;
      case 'compose':
        void compose(effect.question);
        return;
      case 'remember':
        around.remember(effect.handle, effect.context);
        return;
      case 'close':
        if (state.stalled) return;
        socket.close(effect.code, effect.reason);
        timers.add(clock.after(CLOSE_DEADLINE_MS, () => socket.terminate()));
        return;
      case 'drop':
        socket.terminate();
        return;
      case 'stall':
        socket.pause();
        return;
    }
  }

  function leave(code: number, reason: string): void {
    dispatch({ kind: 'left', atMs: clock.nowMs(), code, reason });
    cancelWake();
    for (const cancel of timers) cancel();
    // The connection stays in the report for a while; its last picture need not.
    image = undefined;
  }

  async function compose(question: Question): Promise<void> {
    const samples = question.heard && recordings.samples({ connection, ...question.heard });
    try {
      const answer = await around.answer(question, { samples, image });
      dispatch({ kind: 'composed', atMs: clock.nowMs(), turn: question.turn, answer });
    } catch (error) {
      around.failed(error);
      dispatch({ kind: 'commanded', atMs: clock.nowMs(), action: { kind: 'close', cause: 'internal' } });
    }
  }

  socket.on('message', (bytes: Buffer) => {
    if (state.stalled) return;
    const atMs = clock.nowMs();
    const decoded = decodeClientMessage(bytes);
    if ('refused' in decoded) return dispatch({ kind: 'refused', atMs, close: decoded.refused });
    const { message } = decoded;
    const handle = message.kind === 'setup' ? handleIn(message.setup) : undefined;
    dispatch({ kind: 'received', atMs, message, ...(handle && { resumption: around.recall(handle) }) });
  });
  socket.on('ping', (payload: Buffer) => {
    if (state.stalled) return;
    const lateMs = connectionFault(state.profile, 'late-pongs')?.byMs ?? 0;
    if (lateMs === 0) return socket.pong(payload);
    const cancel = clock.after(lateMs, () => {
      timers.delete(cancel);
      socket.pong(payload);
    });
    timers.add(cancel);
  });
  socket.on('close', (code: number, reason: Buffer) => leave(code, reason.toString()));
  // A reset or a protocol violation; `close` follows and is what counts.
  socket.on('error', () => undefined);
  dispatch({ kind: 'opened', atMs: clock.nowMs() });

  return {
    get state() {
      return state;
    },
    get lastImageBytes() {
      return image?.length;
    },
    command: (action) => dispatch({ kind: 'commanded', atMs: clock.nowMs(), action }),
    stop() {
      leave(1006, '');
      socket.terminate();
    },
  };
}

function handleIn(setup: Record<string, unknown>): string | undefined {
  const { sessionResumption } = setup;
  const { handle } = isRecord(sessionResumption) ? sessionResumption : {};
  return typeof handle === 'string' && handle ? handle : undefined;
}
