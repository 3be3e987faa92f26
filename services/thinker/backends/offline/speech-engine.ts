import type { WavSound } from '#shared/audio/wav.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { checkModel } from '#shared/offline-models/check-models.ts';
import { type ModelRole, offlineModel } from '#shared/offline-models/model-manifest.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type EngineEnd, type EngineLink, startEngineProcess } from './speech-engine-link.ts';
import type { EngineReply, EngineRequest } from './speech-engine-protocol.ts';

/** Online again and nothing to say: on a small machine the memory is worth more than the seconds it takes to load anew. */
const IDLE_RELEASE_MS = 180_000;
/** The longest piece is 16 s of speech; a process that needs twice as long for it hangs or is of no use. */
const REQUEST_LIMIT_MS = 30_000;
/** A genuine model may stumble over less than half a second. */
const SHORTEST_SPEECH_SAMPLES = MICROPHONE_RATE_HZ / 2;
/** From outside: our own time limit, an operator, or the kernel short of memory. */
const KILLS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT']);
/** sherpa-onnx 1.13, offline-recognizer-moonshine-impl.h. */
const CAUGHT = /Caught exception/;

export interface SpeechEngineOptions {
  /** The bundle of speech-engine-process.ts. */
  readonly script: string;
  readonly modelsDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
}

/** A request the process has not answered yet, waited for or not. */
interface Work {
  readonly link: EngineLink;
  readonly role: ModelRole;
  /** The library catches what goes wrong in recognition and answers with no words, only complaining on its stderr. */
  readonly emptyIsSuspicious: boolean;
  readonly cancelLimit: () => void;
  settle(outcome: { reply: EngineReply } | { error: CortexError }): void;
}

type RequestOf<Kind> = Omit<Extract<EngineRequest, { kind: Kind }>, 'id' | 'folder'>;

/**
 * Local speech recognition and voice, in a process of their own that is started at the first request and ends three minutes
 * after the last. Every method rejects with CortexError `offline-model`, whose message names the file and the way out, and at
 * once on abort.
 */
export class SpeechEngine {
  private readonly options: SpeechEngineOptions;
  /** By number, so the oldest is the first. It stays until it is answered, even when nobody waits for it any more. */
  private readonly work = new Map<number, Work>();
  /** A model that brought the process down would do so again with each answer. */
  private readonly unusable = new Map<ModelRole, CortexError>();
  private link: EngineLink | undefined;
  private lastId = 0;
  private cancelRelease: (() => void) | undefined;

  constructor(options: SpeechEngineOptions) {
    this.options = options;
  }

  /** The words in an utterance, empty where there are none. @param samples 16 kHz mono. */
  async recognise(samples: Int16Array, signal: AbortSignal): Promise<string> {
    const reply = await this.request('recogniser', { kind: 'recognise', samples }, signal);
    return reply.kind === 'recognised' ? reply.text : '';
  }

  /** The text in Kokoro's voice. */
  async speak(text: string, signal: AbortSignal): Promise<WavSound> {
    const reply = await this.request('voice', { kind: 'speak', text }, signal);
    if (reply.kind !== 'spoken') throw new CortexError('offline-model', 'the offline voice gave no sound');
    return reply;
  }

  /** Loads the models that are there ahead of their first use. Never rejects: what fails here fails again in use, and is told then. */
  async loadAll(): Promise<void> {
    for (const role of ['recogniser', 'voice'] as const) {
      if (!(await this.has(role))) continue;
      await this.request(role, { kind: 'load', role }, new AbortController().signal).catch((error: unknown) => {
        this.options.log.warn({ reason: messageOf(error) }, 'an offline model could not be loaded');
      });
    }
  }

  /** Whether a model's files are there and have not failed before. */
  async has(role: ModelRole): Promise<boolean> {
    if (this.unusable.has(role)) return false;
    return (await checkModel(this.options.modelsDir, offlineModel(role))).state === 'ready';
  }

  /** Ends the process now; the next request starts another. */
  release(): void {
    this.cancelRelease?.();
    this.cancelRelease = undefined;
    this.link?.kill();
    this.link = undefined;
  }

  private async request(
    role: ModelRole,
    request: RequestOf<'recognise'> | RequestOf<'speak'> | RequestOf<'load'>,
    signal: AbortSignal,
  ): Promise<EngineReply> {
    signal.throwIfAborted();
    const known = this.unusable.get(role);
    if (known) throw known;
    const { state, folder, problems, advice } = await checkModel(this.options.modelsDir, offlineModel(role));
    signal.throwIfAborted();
    if (state !== 'ready') {
      throw new CortexError('offline-model', `${problems.join('; ') || `${folder} is missing`}; ${advice}`);
    }
    this.cancelRelease?.();
    const link = this.link ?? this.start();
    const id = ++this.lastId;
    return await new Promise<EngineReply>((resolve, reject) => {
      function abandon(): void {
        link.send({ id, kind: 'cancel' });
        reject(signal.reason);
      }
      signal.addEventListener('abort', abandon, { once: true });
      this.work.set(id, {
        link,
        role,
        emptyIsSuspicious: request.kind === 'recognise' && request.samples.length >= SHORTEST_SPEECH_SAMPLES,
        cancelLimit: this.options.clock.after(REQUEST_LIMIT_MS, () => link.kill()),
        settle(outcome) {
          signal.removeEventListener('abort', abandon);
          if ('reply' in outcome) resolve(outcome.reply);
          else reject(outcome.error);
        },
      });
      link.send({ ...request, id, folder });
    });
  }

  private start(): EngineLink {
    const { script, log, meters } = this.options;
    const link = startEngineProcess(script, {
      replied: (reply, complaints) => this.replied(reply, complaints),
      ended: (end) => this.ended(link, end),
    });
    this.link = link;
    meters.count('offlineEngineStarts');
    log.info('offline speech engine started');
    return link;
  }

  private replied(reply: EngineReply, complaints: string): void {
    const work = this.work.get(reply.id);
    if (!work) return;
    const failed = reply.kind === 'failed' ? `${complaints}\n${reply.message}` : undefined;
    const caught =
      reply.kind === 'recognised' && reply.text === '' && work.emptyIsSuspicious && CAUGHT.test(complaints);
    const problem = failed ?? (caught ? complaints : undefined);
    this.finish(reply.id, work, problem === undefined ? { reply } : { error: this.markUnusable(work.role, problem) });
  }

  private ended(link: EngineLink, { exitCode, killedBy, complaints }: EngineEnd): void {
    if (this.link === link) this.link = undefined;
    const unfinished = [...this.work].filter(([, work]) => work.link === link);
    if (unfinished.length === 0) return;
    this.options.meters.count('offlineEngineCrashes');
    this.options.log.warn(
      { exitCode, killedBy, complaints },
      'the offline speech engine ended in the middle of its work',
    );
    // It works on one request at a time, so the oldest is what it ended over. A kill from outside says nothing of the model.
    const culprit = killedBy && KILLS.has(killedBy) ? undefined : unfinished[0];
    for (const [id, work] of unfinished) {
      const blamed = id === culprit?.[0];
      this.finish(id, work, { error: blamed ? this.markUnusable(work.role, complaints) : engineEnded() });
    }
  }

  private finish(id: number, work: Work, outcome: Parameters<Work['settle']>[0]): void {
    work.cancelLimit();
    this.work.delete(id);
    work.settle(outcome);
    if (this.work.size > 0 || !this.link) return;
    this.cancelRelease = this.options.clock.after(IDLE_RELEASE_MS, () => {
      this.options.log.info('offline models released');
      this.release();
    });
  }

  private markUnusable(role: ModelRole, words: string): CortexError {
    const { name, about } = offlineModel(role);
    const folder = `${this.options.modelsDir}/${name}`;
    const error = new CortexError(
      'offline-model',
      `the model for ${about} in ${folder} cannot be used (${essence(words)}); delete ${folder}, run npm ` +
        `run models -- --only ${role} and restart thinker`,
    );
    this.unusable.set(role, error);
    return error;
  }
}

function engineEnded(): CortexError {
  return new CortexError('offline-model', 'the offline speech engine was ended or took too long', { retryable: true });
}

/** The library's last message without the place in its sources. */
function essence(words: string): string {
  const lines = words.split('\n').map((line) => line.trim());
  const line =
    lines.findLast((one) => one !== '' && !/errors in config|check your config|return an empty result/i.test(one)) ??
    'no reason given';
  return line.replace(/^\S+\.cc:\S*?:\d+\s+/, '').replace(/^what\(\):\s+/, '');
}
