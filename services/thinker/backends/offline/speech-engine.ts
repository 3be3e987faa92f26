import { type ChildProcess, fork } from 'node:child_process';
import type { WavSound } from '#shared/audio/wav.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Log } from '#shared/log/log.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { checkModel } from '../../offline-models/check-models.ts';
import { type ModelRole, OFFLINE_MODELS, offlineModel } from '../../offline-models/model-manifest.ts';
import type { EngineReply, EngineRequest } from './speech-engine-protocol.ts';

/** Online again and nothing to say: on a small machine the memory is worth more than the seconds it takes to load anew. */
const IDLE_RELEASE_MS = 180_000;
/** The longest piece is 16 s of speech; a process that needs twice as long for it hangs or is of no use. */
const REQUEST_LIMIT_MS = 30_000;
/** Enough to find the library's last complaint in. */
const COMPLAINTS_LENGTH = 2_000;

/** A genuine model may stumble over less than half a second. */
const SHORTEST_SPEECH_SAMPLES = MICROPHONE_RATE_HZ / 2;
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

interface Waiting {
  readonly child: ChildProcess;
  /** The library catches what goes wrong in recognition and answers with no words, only complaining on its stderr. */
  readonly emptyIsSuspicious: boolean;
  readonly role: ModelRole;
  resolve(reply: EngineReply): void;
  reject(error: unknown): void;
}

type RequestOf<Kind> = Omit<Extract<EngineRequest, { kind: Kind }>, 'id' | 'folder'>;

/**
 * Local speech recognition and voice, in a process of their own that is started at the first request and ends three minutes
 * after the last. Every method rejects with CortexError `offline-model`, whose message names the file and the way out, and at
 * once on abort.
 */
export class SpeechEngine {
  private readonly options: SpeechEngineOptions;
  private readonly waiting = new Map<number, Waiting>();
  /** A model that brought the process down would do so again with each answer. */
  private readonly unusable = new Map<ModelRole, CortexError>();
  private child: ChildProcess | undefined;
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
    for (const { role } of OFFLINE_MODELS) {
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
    this.child?.kill('SIGKILL');
    this.child = undefined;
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
    const child = this.child ?? this.start();
    const id = ++this.lastId;
    try {
      return await new Promise<EngineReply>((resolve, reject) => {
        const cancelLimit = this.options.clock.after(REQUEST_LIMIT_MS, () => child.kill('SIGKILL'));
        const abandon = () => {
          child.send({ id, kind: 'cancel' } satisfies EngineRequest, () => undefined);
          settle(() => reject(signal.reason));
        };
        const settle = (outcome: () => void) => {
          cancelLimit();
          signal.removeEventListener('abort', abandon);
          this.waiting.delete(id);
          outcome();
        };
        signal.addEventListener('abort', abandon, { once: true });
        this.waiting.set(id, {
          child,
          role,
          emptyIsSuspicious: request.kind === 'recognise' && request.samples.length >= SHORTEST_SPEECH_SAMPLES,
          resolve: (reply) => settle(() => resolve(reply)),
          reject: (error) => settle(() => reject(error)),
        });
        // Where the channel is gone, the end of the process rejects what waits.
        child.send({ ...request, id, folder } satisfies EngineRequest, () => undefined);
      });
    } finally {
      if (this.waiting.size === 0) this.releaseLater();
    }
  }

  private releaseLater(): void {
    this.cancelRelease?.();
    this.cancelRelease = this.options.clock.after(IDLE_RELEASE_MS, () => {
      this.options.log.info('offline models released');
      this.release();
    });
  }

  private start(): ChildProcess {
    const { script, log, meters } = this.options;
    // Nothing of our environment: it holds the key, and PM2's variables would make the child believe it is a cluster worker.
    const child = fork(script, [], {
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const complaints = { text: '' };
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints.text = (complaints.text + chunk.toString()).slice(-COMPLAINTS_LENGTH);
    });
    child.on('message', (reply: EngineReply) => this.received(reply, complaints));
    child.on('error', (error) => {
      complaints.text += error.message;
    });
    child.on('close', (exitCode, killedBy) => {
      if (this.child === child) this.child = undefined;
      const [first, ...others] = [...this.waiting.values()].filter((one) => one.child === child);
      if (!first) return;
      meters.count('offlineEngineCrashes');
      log.warn(
        { exitCode, killedBy, complaints: complaints.text },
        'the offline speech engine ended in the middle of its work',
      );
      // It works on one request at a time, so the oldest is what it ended over. A kill from outside says nothing of the model.
      const killed = killedBy === 'SIGKILL' || killedBy === 'SIGTERM' || killedBy === 'SIGINT';
      first.reject(killed ? engineEnded() : this.markUnusable(first.role, complaints.text));
      for (const { reject } of others) reject(engineEnded());
    });
    this.child = child;
    meters.count('offlineEngineStarts');
    log.info('offline speech engine started');
    return child;
  }

  /** @param complaints what the library wrote since the last reply; emptied for the next one. */
  private received(reply: EngineReply, complaints: { text: string }): void {
    // What was written before the reply may be read after it, though within the same round of the event loop.
    setImmediate(() => {
      const words = complaints.text;
      complaints.text = '';
      const waiting = this.waiting.get(reply.id);
      if (!waiting) return;
      const nothing = reply.kind === 'recognised' && reply.text === '';
      if (reply.kind === 'failed') waiting.reject(this.markUnusable(waiting.role, `${words}\n${reply.message}`));
      else if (nothing && waiting.emptyIsSuspicious && CAUGHT.test(words)) {
        waiting.reject(this.markUnusable(waiting.role, words));
      } else waiting.resolve(reply);
    });
  }

  private markUnusable(role: ModelRole, words: string): CortexError {
    const { name, about } = offlineModel(role);
    const folder = `${this.options.modelsDir}/${name}`;
    const error = new CortexError(
      'offline-model',
      `the model for ${about} in ${folder} cannot be used (${essence(words)}); delete ${folder}, run node ` +
        `scripts/download-models.mjs --only ${role} and restart thinker`,
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
