import { ToolDeclaration, ToolResult, type ToolStatus } from '#shared/contract/tools.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { ToolResponse } from '../live/live-connection.ts';
import type { ServerToolCall } from '../live/server-message.ts';
import { problemOf } from './declaration-check.ts';

export interface ToolboxOptions {
  clock: Clock;
  meters: Meters;
  /** Hands a call to the layer that offers the tool. */
  call(name: string, call: { id: string; args: Record<string, unknown> }): void;
  /** Tells the layer what became of its declaration, or of its result. */
  tell(name: string, status: Omit<ToolStatus, 'at'>): void;
  /** Hands results to the model. */
  respond(responses: readonly ToolResponse[]): void;
  /** The tools on offer are others than before. */
  changed(): void;
}

/** The listener waits in silence meanwhile; a slower tool had better answer "I am looking" and use thinker/say later. */
const ANSWER_WITHIN_MS = 4_000;
/** A longer result would push the conversation itself out of the context. */
const MAX_RESULT_CHARACTERS = 16_000;
/** Gemini's advice is 10 to 20 tools; beyond this the model chooses badly. */
const MAX_TOOLS = 32;

interface Pending {
  name: string;
  cancelTimer: () => void;
}

/** Functions other layers offer to the model. Whatever a layer does wrong costs it its answer and nobody else anything. */
export class Toolbox {
  private readonly options: ToolboxOptions;
  private readonly declared = new Map<string, ToolDeclaration>();
  private readonly pending = new Map<string, Pending>();

  constructor(options: ToolboxOptions) {
    this.options = options;
  }

  /** The tools on offer, in an order that does not depend on who declared first. */
  get declarations(): ToolDeclaration[] {
    return [...this.declared.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  get waiting(): boolean {
    return this.pending.size > 0;
  }

  /** @param payload what was published on `tools/NAME/declare`; null withdraws. */
  declare(name: string, payload: unknown): void {
    const before = JSON.stringify(this.declarations);
    const parsed = payload === null ? undefined : ToolDeclaration.safeParse(payload);
    const problem = parsed && (parsed.success ? this.problemOf(name, parsed.data) : issuesOf(parsed.error));
    if (!parsed?.success || problem !== undefined) this.declared.delete(name);
    else this.declared.set(name, parsed.data);
    if (problem !== undefined) this.options.meters.count('toolsRefused');
    if (parsed) this.options.tell(name, problem === undefined ? { state: 'offered' } : { state: 'refused', problem });
    if (JSON.stringify(this.declarations) !== before) this.options.changed();
  }

  /** The model calls. */
  called(calls: readonly ServerToolCall[]): void {
    const unknown: ToolResponse[] = [];
    for (const { id, name, args } of calls) {
      this.options.meters.count('toolCalls');
      if (!this.declared.has(name)) {
        unknown.push({ id, name, response: { error: 'there is no such tool any more' } });
        continue;
      }
      const cancelTimer = this.options.clock.after(ANSWER_WITHIN_MS, () => this.overdue(id));
      this.pending.set(id, { name, cancelTimer });
      this.options.call(name, { id, args });
    }
    if (unknown.length > 0) this.options.respond(unknown);
  }

  /** @param payload what was published on `tools/NAME/result`, whatever it is. */
  answered(name: string, payload: unknown): void {
    const parsed = ToolResult.safeParse(payload);
    if (!parsed.success) {
      this.reject(name, undefined, `not a result: ${issuesOf(parsed.error)}`);
      return;
    }
    const { id } = parsed.data;
    if (this.pending.get(id)?.name !== name) {
      this.reject(name, id, `no call ${id} is waiting for an answer: it was answered, cancelled or came too late`);
      return;
    }
    const { error } = parsed.data;
    const response = error === undefined ? { result: 'result' in parsed.data ? parsed.data.result : null } : { error };
    if (JSON.stringify(response).length > MAX_RESULT_CHARACTERS) {
      this.reject(name, id, `the result is longer than ${MAX_RESULT_CHARACTERS} characters`);
      this.finish(id, { error: 'the result was too long' });
      return;
    }
    this.finish(id, response);
  }

  /** The model takes calls back, or (without ids) nobody wants their results any more. */
  cancel(ids: Iterable<string> = [...this.pending.keys()]): void {
    for (const id of ids) {
      const name = this.forget(id);
      if (name === undefined) continue;
      this.options.meters.count('toolCallsCancelled');
      this.options.tell(name, { state: 'cancelled', call: id });
    }
  }

  /** As `cancel`, and the model is told: it must not wait for a result while the user speaks. */
  abandon(): void {
    const responses = [...this.pending].map(([id, { name }]) => ({ id, name, response: { error: 'interrupted' } }));
    this.cancel();
    if (responses.length > 0) this.options.respond(responses);
  }

  private overdue(id: string): void {
    const name = this.pending.get(id)?.name;
    if (name === undefined) return;
    this.reject(name, id, `no valid result within ${ANSWER_WITHIN_MS} ms`);
    this.finish(id, { error: 'the tool did not answer in time' });
  }

  private finish(id: string, response: Record<string, unknown>): void {
    const name = this.forget(id);
    if (name !== undefined) this.options.respond([{ id, name, response }]);
  }

  private reject(name: string, call: string | undefined, problem: string): void {
    this.options.meters.count('toolResultsRefused');
    this.options.tell(name, { state: 'rejected', problem, ...(call !== undefined && { call }) });
  }

  private forget(id: string): string | undefined {
    const pending = this.pending.get(id);
    pending?.cancelTimer();
    this.pending.delete(id);
    return pending?.name;
  }

  private problemOf(name: string, declaration: ToolDeclaration): string | undefined {
    const full = this.declared.size >= MAX_TOOLS && !this.declared.has(name);
    return full ? `there are ${MAX_TOOLS} tools already` : problemOf(name, declaration);
  }
}

function issuesOf(error: { issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  return error.issues
    .map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`)
    .join('; ')
    .slice(0, 500);
}
