import type { SessionProfile } from '../live/session-state.ts';
import {
  applies,
  LIFETIMES,
  type Lifetime,
  RECORDED_TIMING,
  type RequestRule,
  type Scenario,
  type Timing,
  type Which,
} from './scenario.ts';

/** Models that answer `bidiGenerateContent` in November 2026. */
export const LIVE_MODELS = ['gemini-3.8-live', 'gemini-3.8-live-extended-thinking', 'gemini-3.1-flash-live-preview'];

/** The scenario that plays, and how far it has got: everything counts from the moment it was loaded. */
export class ScenarioInPlay {
  private scenario: Scenario;
  private connections = 0;
  private turns = 0;
  private requests = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  load(scenario: Scenario): void {
    this.scenario = scenario;
    this.connections = 0;
    this.turns = 0;
    this.requests = 0;
  }

  get description(): string | undefined {
    return this.scenario.description;
  }

  countTurn(): void {
    this.turns += 1;
  }

  /** What the next connection attempt meets. @param key as it came with the URL. @param openSessions besides this one. */
  nextConnection(key: string | undefined, openSessions = 0): Omit<SessionProfile, 'connection' | 'sessionId'> {
    this.connections += 1;
    const { scenario, connections } = this;
    const habits = this.habits((rule) => applies(rule.connection, connections));
    const crowded = openSessions >= (scenario.maxSessions ?? Number.POSITIVE_INFINITY);
    return {
      ...habits,
      faults: crowded ? [...habits.faults, { fault: 'close-on-setup', cause: 'quota' }] : habits.faults,
      turnsBefore: this.turns,
      keyProblem: this.keyProblem(key),
      liveModels: scenario.liveModels ?? LIVE_MODELS,
      lifetime: lifetimeOf(scenario),
    };
  }

  /** What a connection that is open already gets to feel of the scenario: the rules that hold for every connection. */
  forOpenConnections(): Pick<SessionProfile, 'timing' | 'faults' | 'turnRules'> {
    return this.habits((rule) => rule.connection === undefined || rule.connection === 'every');
  }

  private habits(holds: (rule: { connection?: Which | undefined }) => boolean) {
    const { timing, connections = [], turns = [] } = this.scenario;
    return {
      timing: { ...RECORDED_TIMING, ...defined(timing) },
      faults: connections.filter(holds).flatMap((rule) => rule.faults),
      turnRules: turns.filter(holds),
    };
  }

  /** What the next HTTP request meets, if anything out of the ordinary. */
  nextRequest(method: NonNullable<RequestRule['method']>): RequestRule | undefined {
    this.requests += 1;
    return this.scenario.requests?.find(
      (rule) => applies(rule.request, this.requests) && (rule.method ?? method) === method,
    );
  }

  /** Any key will do, or none, unless the scenario names those it takes. */
  keyProblem(key: string | undefined): 'bad-key' | 'no-key' | undefined {
    const { keys } = this.scenario;
    if (!keys) return undefined;
    if (!key) return 'no-key';
    return keys.includes(key) ? undefined : 'bad-key';
  }
}

function lifetimeOf({ lifetime = 'ten-minutes' }: Scenario): Lifetime | undefined {
  if (lifetime === 'unlimited') return undefined;
  return typeof lifetime === 'string' ? LIFETIMES[lifetime] : lifetime;
}

function defined(timing: Scenario['timing'] = {}): Partial<Timing> {
  return Object.fromEntries(Object.entries(timing).filter(([, value]) => value !== undefined));
}
