import type { Meters } from '#shared/metrics/meters.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import { CANNOT_SEE_NOW, SAY_EXACTLY } from '../live/instruction.ts';
import type { LiveConnection } from '../live/live-connection.ts';
import type { NewestFrame } from './newest-frame.ts';
import type { PictureRoom } from './picture-room.ts';
import { needless, type Shown } from './picture-thrift.ts';
import type { Asker, Question, Questions, SpokenQuestion, WrittenQuestion } from './question.ts';
import { PICTURE_LIMIT_BYTES, PICTURE_PERIOD_MS, RETRY_MS, SOUND_LIMIT_BYTES } from './uplink-limits.ts';

/** The connection, as far as sending goes. */
export type UplinkSink = Pick<LiveConnection, 'bufferedBytes' | 'sentBytes' | 'send'>;

export interface UplinkOptions {
  clock: Clock;
  meters: Meters;
  questions: Questions;
  camera: NewestFrame;
  room: PictureRoom;
  /** A scene that stays the same is shown again after this long within one question. */
  sceneResendMs: number;
  /** What the model has to know before the turn's question. */
  remarksFor(turn: number): readonly string[];
  /** The first part of the turn's question has left. */
  started(turn: number): void;
  /** The whole question has left. */
  sent(turn: number): void;
}

/** 40 ms, the upper end of what the Live API advises; less where less is there. */
const CHUNK_SAMPLES = MICROPHONE_RATE_HZ / 25;
/** Google misses an activity that begins sooner after the end of the last one. */
const ACTIVITY_GAP_MS = 500;

/** One question being put to one connection. */
interface Course {
  readonly turn: number;
  readonly question: Question;
  readonly remark: string | undefined;
  /** The next sample to send: its chunk, and its place in the chunk. */
  chunk: number;
  offset: number;
  started: boolean;
  pictureAtMs: number;
  picture: Uint8Array | undefined;
  /** What the picture sent last shows. */
  shown: (Shown & { sentAtMs: number }) | undefined;
  /** The picture that was not sent last; it is counted once. */
  leftOut: Uint8Array | undefined;
}

/** Puts questions to the connection, one at a time. Activities are never empty, never nested, always closed. */
export class Uplink {
  /** Since the start. */
  picturesSent = 0;
  private readonly options: UplinkOptions;
  private sink: UplinkSink | undefined;
  private course: Course | undefined;
  private notBeforeMs = 0;
  private cancelRetry: (() => void) | undefined;

  constructor(options: UplinkOptions) {
    this.options = options;
  }

  /** A connection is open; nothing has been sent on it. */
  attach(sink: UplinkSink): void {
    this.detach();
    this.sink = sink;
    this.notBeforeMs = 0;
  }

  detach(): void {
    this.sink = undefined;
    this.course = undefined;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
  }

  /** Puts the turn's question from its beginning; one that is under way is closed first. */
  ask(turn: Asker, remark?: string): void {
    this.abandon();
    const question = this.options.questions.of(turn);
    if (!question) return;
    this.course = {
      turn: turn.number,
      question,
      remark,
      chunk: 0,
      offset: 0,
      started: false,
      pictureAtMs: Number.NEGATIVE_INFINITY,
      picture: undefined,
      shown: undefined,
      leftOut: undefined,
    };
    this.pump();
  }

  withdraw(turn: number): void {
    if (this.course?.turn === turn) this.abandon();
  }

  /** Sends what can be sent now: after new sound, a new picture, and by itself while something is held back. */
  pump(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    const { course, sink } = this;
    if (!course || !sink) return;
    if (course.question.kind === 'text') this.sendText(course, course.question, sink);
    else this.sendSpeech(course, course.question, sink);
  }

  private sendText(course: Course, question: WrittenQuestion, sink: UplinkSink): void {
    // What is to be said word for word needs no knowledge; the next question does.
    if (!question.exactly) this.sendRemarks(course.turn, sink);
    const jpeg = question.withFrame ? this.options.camera.fresh(this.options.clock.nowMs()) : undefined;
    const blind = question.withFrame && !jpeg ? CANNOT_SEE_NOW : undefined;
    const lines = [course.remark, blind, question.exactly ? SAY_EXACTLY : undefined, question.text];
    this.course = undefined;
    sink.send({ type: 'question', text: lines.filter(Boolean).join('\n'), ...(jpeg && { jpeg }) });
    this.options.started(course.turn);
    this.options.sent(course.turn);
  }

  private sendSpeech(course: Course, question: SpokenQuestion, sink: UplinkSink): void {
    if (!course.started && !this.begin(course, question, sink)) return;
    this.options.meters.gauge('uplinkUnsentBytes', sink.bufferedBytes);
    const nowMs = this.options.clock.nowMs();
    for (let chunk = nextChunk(course, question); chunk; chunk = nextChunk(course, question)) {
      const isFirst = course.chunk === 0 && course.offset === 0;
      // The first sound goes out whatever the remarks before it have filled: an activity without any ends the connection.
      if (sink.bufferedBytes > SOUND_LIMIT_BYTES && !isFirst) {
        this.options.meters.count('uplinkHeldBack');
        this.sendPicture(course, question, sink);
        this.retryIn(RETRY_MS);
        return;
      }
      sink.send({ type: 'audio', samples: chunk });
      this.options.room.sent(sink.sentBytes);
      skip(course, question, chunk.length);
    }
    if (question.ended || nowMs - course.pictureAtMs >= PICTURE_PERIOD_MS) this.sendPicture(course, question, sink);
    if (!question.ended) return;
    if (course.picture === undefined) sink.send({ type: 'remark', text: CANNOT_SEE_NOW });
    this.endActivity(sink);
    this.options.sent(course.turn);
  }

  private begin(course: Course, question: SpokenQuestion, sink: UplinkSink): boolean {
    if (question.samples === 0) return false;
    const waitMs = this.notBeforeMs - this.options.clock.nowMs();
    if (waitMs > 0 || sink.bufferedBytes > SOUND_LIMIT_BYTES) {
      this.retryIn(Math.max(waitMs, RETRY_MS));
      return false;
    }
    this.options.room.begin(sink.sentBytes);
    this.sendRemarks(course.turn, sink);
    sink.send({ type: 'activityStart' });
    if (course.remark) sink.send({ type: 'remark', text: course.remark });
    course.started = true;
    this.options.started(course.turn);
    return true;
  }

  /** Neither the same picture nor, but for its end, the same scene is sent twice in one question; none is sent ahead of sound that waits. */
  private sendPicture(course: Course, question: SpokenQuestion, sink: UplinkSink): void {
    const nowMs = this.options.clock.nowMs();
    const jpeg = this.options.camera.fresh(nowMs);
    if (jpeg === course.picture) return;
    const { shown } = this.options.camera;
    const { sceneResendMs: resendMs } = this.options;
    if (jpeg && needless(course.shown, shown, { ended: question.ended, nowMs, resendMs })) {
      this.leaveOut(course, jpeg, 'picturesOfSameScene');
      return;
    }
    const { verdict } = this.options.room;
    if (jpeg && (sink.bufferedBytes > PICTURE_LIMIT_BYTES || verdict === 'full')) {
      this.leaveOut(course, jpeg, 'picturesDroppedSlowUplink');
      return;
    }
    // The first sound shows in a moment what the network carries; the end of the question does not wait for it.
    if (jpeg && verdict === 'unknown' && !question.ended) return;
    course.picture = jpeg;
    if (!jpeg) return;
    course.pictureAtMs = nowMs;
    course.shown = { ...shown, sentAtMs: nowMs };
    sink.send({ type: 'picture', jpeg });
    this.options.room.sent(sink.sentBytes);
    this.picturesSent += 1;
  }

  private leaveOut(course: Course, jpeg: Uint8Array, why: string): void {
    if (jpeg !== course.leftOut) this.options.meters.count(why);
    course.leftOut = jpeg;
  }

  private sendRemarks(turn: number, sink: UplinkSink): void {
    const remarks = this.options.remarksFor(turn);
    if (remarks.length > 0) sink.send({ type: 'history', lines: [{ role: 'user', text: remarks.join('\n') }] });
  }

  private abandon(): void {
    if (this.course?.started && this.sink) this.endActivity(this.sink);
    this.course = undefined;
  }

  private endActivity(sink: UplinkSink): void {
    sink.send({ type: 'activityEnd' });
    this.notBeforeMs = this.options.clock.nowMs() + ACTIVITY_GAP_MS;
    this.course = undefined;
  }

  private retryIn(delayMs: number): void {
    this.cancelRetry?.();
    this.cancelRetry = this.options.clock.after(delayMs, () => this.pump());
  }
}

/** At most 40 ms of what has not been sent. */
function nextChunk({ chunk, offset }: Course, question: SpokenQuestion): Int16Array | undefined {
  return question.chunks[chunk]?.subarray(offset, offset + CHUNK_SAMPLES);
}

function skip(course: Course, question: SpokenQuestion, samples: number): void {
  course.offset += samples;
  if (course.offset < (question.chunks[course.chunk]?.length ?? 0)) return;
  course.chunk += 1;
  course.offset = 0;
}
