import type { Failure, Session as SessionReport } from '#shared/contract/thinker.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { EventLoop } from '../event-loop.ts';
import { classifyFailure } from '../failure.ts';
import type { ConnectLive, LiveConnection, LiveEvent, LiveRequest } from '../live/live-connection.ts';
import { liveSymptom } from '../live/live-symptom.ts';
import { readServerMessage, type ServerEvent } from '../live/server-message.ts';
import type { HandleStore } from './handle-store.ts';
import { RoundTrips } from './round-trips.ts';
import { nextSession } from './session.ts';
import { sessionWakeMs } from './session-due.ts';
import { sessionReport } from './session-report.ts';
import {
  initialSession,
  type SessionEffect,
  type SessionEvent,
  type SessionPolicy,
  type SessionState,
} from './session-state.ts';

/** Whoever talks over the connection. */
export interface SessionListener {
  /** `unknownSinceMs`: what was said after this moment has to be told again; undefined: nothing may be told. */
  opened(live: LiveConnection, unknownSinceMs: number | undefined): void;
  /** Nothing can be sent any more. */
  lost(): void;
  said(event: ServerEvent): void;
  /** There will be no connection until a person does something about it. */
  failed(failure: Failure): void;
  /** The ping of this number has been answered. */
  ponged(number: number): void;
  reported(report: SessionReport): void;
}

export interface SessionRunnerOptions {
  clock: Clock;
  log: Log;
  meters: Meters;
  connect: ConnectLive;
  handles: HandleStore;
  identity: { model: string; simulated: boolean };
  enabled: boolean;
  policy: SessionPolicy;
  tools(): LiveRequest['tools'];
  /** From 0 to 1. */
  random(): number;
}

/** Carries out what the session's core decides: opens and closes connections, keeps the clock, passes on what arrives. */
export class SessionRunner {
  private readonly options: SessionRunnerOptions;
  private readonly listener: SessionListener;
  private readonly loop: EventLoop<SessionEvent>;
  private state: SessionState;
  private connection: { number: number; live: LiveConnection } | undefined;
  /** What the connection being opened does not know. */
  private unknownSinceMs: number | undefined;
  private open = false;
  private reported = '';
  private stopped = false;
  /** Bytes of all connections since the start. */
  receivedBytes = 0;
  private sentBytesBefore = 0;
  private heardAtMs = 0;
  private readonly roundTrips = new RoundTrips();
  private afterClose: (() => void) | undefined;

  constructor(options: SessionRunnerOptions, listener: SessionListener) {
    this.options = options;
    this.listener = listener;
    const handle = options.handles.load();
    const nowMs = options.clock.nowMs();
    this.state = initialSession(nowMs, { enabled: options.enabled, ...(handle && { handle }) });
    this.loop = new EventLoop({
      clock: options.clock,
      step: (event) => this.step(event),
      settled: () => this.report(),
      wakeMs: () => sessionWakeMs(this.state, options.policy),
      wake: () => this.take({ type: 'timePassed', jitter: options.random(), atMs: this.now() }),
    });
  }

  /** Publishes the state and connects, so that the first question finds a connection. */
  start(): void {
    this.report();
    this.want();
  }

  get sentBytes(): number {
    return this.sentBytesBefore + (this.connection?.live.sentBytes ?? 0);
  }

  get network() {
    const { usualMs: rttMs, pingedAtMs, pongedAtMs } = this.roundTrips;
    return { heardAtMs: this.heardAtMs, rttMs, pingedAtMs, pongedAtMs };
  }

  /** A connection will be needed in a moment. */
  want(): void {
    this.take({ type: 'wanted', atMs: this.now() });
  }

  enable(enabled: boolean): void {
    this.take({ type: 'enabled', enabled, atMs: this.now() });
  }

  setBusy(busy: boolean): void {
    this.take({ type: 'busyChanged', busy, atMs: this.now() });
  }

  toolsChanged(): void {
    this.take({ type: 'toolsChanged', atMs: this.now() });
  }

  /** A watchdog has found the connection useless: another one, with the same handle. */
  giveUp(): void {
    if (this.connection) this.take({ type: 'gaveUpOn', connection: this.connection.number, atMs: this.now() });
  }

  /**
   * Makes the server show that it is there, and how far away. Returns the ping's number. @param behindSound whether sound
   * that was sent just now may hold it up.
   */
  ping(behindSound = false): number {
    const number = this.roundTrips.pinged(this.now(), behindSound);
    this.connection?.live.ping(number);
    return number;
  }

  send(message: Parameters<LiveConnection['send']>[0]): boolean {
    return this.open && (this.connection?.live.send(message) ?? false);
  }

  /** Resolves when the socket is closed, and has said so. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.open = false;
    this.loop.stop();
    const { connection } = this;
    if (connection) {
      await new Promise<void>((resolve) => {
        this.afterClose = resolve;
        connection.live.close();
      });
    }
    this.state = { ...this.state, phase: { name: 'idle' }, sinceMs: this.now() };
    this.report();
  }

  private now(): number {
    return this.options.clock.nowMs();
  }

  private take(event: SessionEvent): void {
    this.loop.take(event);
  }

  private step(event: SessionEvent): void {
    const failedBefore = this.state.phase.name === 'failed';
    const step = nextSession(this.state, event, this.options.policy);
    this.state = step.state;
    for (const effect of step.effects) this.run(effect);
    const { failure, phase } = step.state;
    if (phase.name === 'failed' && !failedBefore && failure) this.listener.failed(failure);
  }

  private run(effect: SessionEffect): void {
    switch (effect.type) {
      case 'open':
        this.connect(effect);
        break;
      case 'close':
        this.lose();
        this.connection?.live.close();
        break;
      case 'ping':
        this.ping();
        break;
      case 'storeHandle':
        this.options.handles.save(effect.handle);
        break;
      case 'count':
        this.options.meters.count(effect.name);
        break;
    }
  }

  private connect(effect: Extract<SessionEffect, { type: 'open' }>): void {
    const number = effect.connection;
    const tools = effect.withTools ? this.options.tools() : [];
    const request = { tools, ...(effect.handle !== undefined && { handle: effect.handle }) };
    const live = this.options.connect(request, (event) => this.arrived(number, live, event));
    this.connection = { number, live };
    this.roundTrips.reset();
    this.unknownSinceMs = effect.seed ? effect.retellSinceMs : undefined;
  }

  private arrived(number: number, live: LiveConnection, event: LiveEvent): void {
    if (event.type === 'closed') {
      this.closed(number, live, event);
      return;
    }
    if (this.connection?.number !== number || this.stopped) return;
    this.heardAtMs = this.now();
    switch (event.type) {
      case 'progressed':
        this.take({ type: 'progressed', connection: number, atMs: this.now() });
        // Goes out with the last step only, ahead of the set-up: the distance is known by the time it is confirmed.
        this.ping();
        break;
      case 'opened':
        this.opened(number, live);
        break;
      case 'message':
        this.receivedBytes += event.bytes;
        this.take({ type: 'heard', connection: number, atMs: this.now() });
        for (const said of readServerMessage(event.message)) this.said(number, said);
        break;
      case 'unreadable':
        this.options.meters.count('unreadableMessages');
        break;
      case 'ponged':
        this.roundTrips.ponged(event.ping, this.now());
        this.options.meters.gauge('liveRttMs', this.roundTrips.usualMs);
        this.take({ type: 'heard', connection: number, atMs: this.now() });
        this.listener.ponged(event.ping);
        break;
    }
  }

  private opened(number: number, live: LiveConnection): void {
    this.take({ type: 'opened', connection: number, atMs: this.now() });
    const { phase } = this.state;
    if (phase.name !== 'open' || phase.connection !== number) return;
    this.options.log.info({ connection: number, resumed: phase.resumed }, 'connected to Gemini Live');
    this.open = true;
    this.listener.opened(live, this.unknownSinceMs);
  }

  private closed(number: number, live: LiveConnection, event: Extract<LiveEvent, { type: 'closed' }>): void {
    this.sentBytesBefore += live.sentBytes;
    const failure = classifyFailure(liveSymptom(event));
    const planned = this.stopped || this.state.phase.name === 'closing';
    const severity = planned ? 'debug' : failure.retryable ? 'warn' : 'error';
    const { code, httpStatus, reason } = event;
    this.options.log[severity](
      { connection: number, code, httpStatus, reason, kind: failure.kind, advice: failure.message },
      'the connection to Gemini Live has ended',
    );
    if (this.connection?.number === number) {
      this.connection = undefined;
      this.lose();
    }
    this.afterClose?.();
    this.take({ type: 'closed', connection: number, failure, jitter: this.options.random(), atMs: this.now() });
  }

  private lose(): void {
    if (!this.open) return;
    this.open = false;
    this.listener.lost();
  }

  private said(connection: number, event: ServerEvent): void {
    const atMs = this.now();
    if (event.type === 'goingAway') this.take({ type: 'goingAway', connection, timeLeftMs: event.timeLeftMs, atMs });
    else if (event.type === 'handleUpdated') {
      this.take({
        type: 'handleUpdated',
        connection,
        atMs,
        ...(event.handle !== undefined && { handle: event.handle }),
      });
    } else if (this.open) {
      if (event.type === 'turnCompleted') this.take({ type: 'answered', connection, atMs });
      this.listener.said(event);
    }
  }

  /** Publishes the state where it has changed. */
  private report(): void {
    const report = sessionReport(this.state, this.options.identity);
    const text = JSON.stringify(report);
    if (text === this.reported) return;
    this.reported = text;
    this.listener.reported(report);
  }
}
