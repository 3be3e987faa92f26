import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';
import { type Answers, backendQuestion } from './answers.ts';
import type { Question as BackendQuestion } from './backends/answer-backend.ts';
import type { ConversationEffect } from './conversation/conversation-state.ts';
import type { Recollection } from './conversation/recollection.ts';
import type { Remarks } from './conversation/remarks.ts';
import { isOver, reportOf, type Turn } from './conversation/turn.ts';
import { GO_ON } from './live/instruction.ts';
import type { LiveSound } from './reply/live-sound.ts';
import type { ReplyStream } from './reply/reply-stream.ts';
import type { SessionRunner } from './session/session-runner.ts';
import type { ThinkerOutput } from './thinker-options.ts';
import type { Toolbox } from './tools/toolbox.ts';
import type { NewestFrame } from './uplink/newest-frame.ts';
import type { Questions } from './uplink/question.ts';
import type { Uplink } from './uplink/uplink.ts';

/** Everybody the conversation can want something from. */
export interface Workers {
  readonly clock: Clock;
  readonly meters: Meters;
  readonly output: ThinkerOutput;
  readonly session: SessionRunner;
  readonly uplink: Uplink;
  readonly questions: Questions;
  readonly camera: NewestFrame;
  readonly remarks: Remarks;
  readonly recollection: Recollection;
  readonly tools: Toolbox;
  readonly answers: Answers;
  readonly reply: ReplyStream;
  readonly liveSound: LiveSound;
}

/** Carries out one effect of the conversation. @param samples the sound that came with the event. */
export function carryOut(
  workers: Workers,
  effect: ConversationEffect,
  atMs: number,
  samples: Int16Array | undefined,
): void {
  const { output, session, uplink, questions, remarks, tools, answers, reply, liveSound } = workers;
  switch (effect.type) {
    case 'announce':
      output.turn(reportOf(effect.turn, atMs));
      if (isOver(effect.turn)) {
        questions.forget(effect.turn);
        remarks.forget(effect.turn.number);
      }
      break;
    case 'transcribe': {
      const text = effect.role === 'user' ? effect.turn.userText : effect.turn.modelText;
      output.transcript({ turn: effect.turn.number, role: effect.role, text, final: effect.final, at: atMs });
      break;
    }
    case 'prepareText': {
      const { turn, kind, text, withFrame } = effect;
      questions.write(turn, { text, withFrame, exactly: kind === 'say' });
      break;
    }
    case 'ask':
      uplink.ask(effect.turn, effect.remark);
      break;
    case 'goOn':
      session.send({ type: 'question', text: GO_ON });
      break;
    case 'withdraw':
      tools.abandon();
      uplink.withdraw(effect.turn);
      break;
    case 'hush':
      session.send({ type: 'hush' });
      break;
    case 'playAudio':
      if (samples) reply.play(effect.turn, samples, atMs);
      break;
    case 'endAudio':
      liveSound.endAnswer();
      reply.end(effect.turn, atMs);
      break;
    case 'endLostAudio':
      reply.endLost(effect.turn, effect.position, atMs);
      break;
    case 'reconnect':
      session.giveUp();
      break;
    case 'explain':
      output.explain(effect.text);
      break;
    case 'remember':
      workers.recollection.remember(effect.turn, atMs);
      break;
    case 'answerWith':
      answers.begin(effect.turn.number, effect.backend, questionFor(workers, effect.turn));
      break;
    case 'cancelAnswer':
      answers.cancel(effect.turn);
      break;
    case 'count':
      workers.meters.count(effect.name);
      break;
  }
}

/** All that a backend below `live`, which remembers nothing, has to be told. */
function questionFor(
  { clock, questions, camera, remarks, recollection }: Workers,
  turn: Turn,
): BackendQuestion | undefined {
  const question = questions.of(turn);
  if (!question) return undefined;
  const told = turn.kind === 'say' ? [] : remarks.takeAlong(turn.number);
  // As the last thing said before the question.
  const lines = told.map((text) => ({ role: 'user' as const, text }));
  const history = recollection.historySince(Number.NEGATIVE_INFINITY);
  return backendQuestion(question, camera.fresh(clock.nowMs()), [...history, ...lines]);
}
