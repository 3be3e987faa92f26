import { levelOf } from '#shared/audio/level.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { ClientMessage, RealtimeInput } from './client-message.ts';
import { CLOSE_CAUSES } from './close-causes.ts';
import { type Action, type Activity, connectionFault, type Step } from './session-state.ts';
import { close, patch, schedule, send } from './step.ts';
import { beginTurn, interruptSoon, isDeaf, rememberEntry, rulesOf } from './turn.ts';
import { addTokens, IMAGE_TOKENS, textTokens } from './usage.ts';
import { detectVoice, QUIET } from './voice-activity.ts';

/** Speech before the detector noticed it. */
const PREFIX_SAMPLES = MICROPHONE_RATE_HZ * 0.3;
/** Closer to the last activity's end than this, a start is at risk on the real server. */
const HASTY_MS = 500;
/** A day of questions; older ones are forgotten by `/control/state`, not by the conversation. */
const MAX_ACTIVITIES = 5_000;

/** Sound, pictures, text and the marks around them. Closes the session where the marks break the rules. */
export function receiveRealtimeInput(step: Step, atMs: number, input: RealtimeInput): void {
  if (input.activityStart) startActivity(step, atMs);
  if (input.image) receiveImage(step, input.image);
  if (input.text !== undefined) receiveText(step, atMs, input.text);
  if (input.pcm) receiveSound(step, atMs, input.pcm);
  if (input.audioStreamEnd) endStream(step, atMs);
  if (input.activityEnd) endActivity(step, atMs);
}

/** Conversation history, or a question in writing. Either interrupts a generation. */
export function receiveClientContent(
  step: Step,
  atMs: number,
  { turns, turnComplete }: Extract<ClientMessage, { kind: 'clientContent' }>,
): void {
  const { profile } = step.state;
  const refused =
    (connectionFault(profile, 'refuse-history') && turns.length > 1) ||
    (connectionFault(profile, 'refuse-tool-history') && turns.some((turn) => turn.hasToolCalls));
  if (refused) {
    close(step, atMs, 'invalid-argument');
    return;
  }
  interruptSoon(step, atMs);
  const question = turnComplete && turns.at(-1)?.role === 'user' ? turns.at(-1) : undefined;
  for (const turn of turns) {
    if (turn === question) continue;
    rememberEntry(step, turn.role, turn.text);
    patch(step, { pendingTokens: addTokens(step.state.pendingTokens, { TEXT: textTokens(turn.text) }) });
  }
  if (turnComplete) beginTurn(step, atMs, { heard: undefined, texts: question ? [question.text] : [] });
}

function startActivity(step: Step, atMs: number): void {
  const { setup, activity, activities, profile } = step.state;
  if (setup?.automaticActivityDetection) {
    close(step, atMs, 'activity-with-automatic-vad');
    return;
  }
  if (activity) {
    close(step, atMs, 'empty-activity');
    return;
  }
  const lastEndMs = activities.at(-1)?.endedAtMs;
  if (lastEndMs !== undefined && atMs - lastEndMs < HASTY_MS) {
    patch(step, { hastyActivities: step.state.hastyActivities + 1 });
    if (connectionFault(profile, 'miss-hasty-activity')) return;
  }
  openActivity(step, atMs, step.state.recordedSamples);
}

function openActivity(step: Step, atMs: number, fromSample: number): void {
  const number = (step.state.activities.at(-1)?.number ?? 0) + 1;
  const activity: Activity = {
    number,
    fromSample,
    toSample: undefined,
    texts: [],
    startedAtMs: atMs,
    endedAtMs: undefined,
  };
  patch(step, { activity });
  if (isDeaf(step)) return;
  interruptSoon(step, atMs);
  send(step, { voiceActivity: { voiceActivityType: 'ACTIVITY_START' } });
  for (const fault of rulesOf(step, step.state.turns + 1).flatMap((rule) => rule.faults ?? [])) {
    if (!('at' in fault) || fault.at !== 'question-start') continue;
    if (fault.fault === 'phantom-interrupted') send(step, { serverContent: { interrupted: true } });
    else {
      const action: Action = fault.fault === 'close' ? { kind: 'close', cause: fault.cause } : { kind: fault.fault };
      schedule(step, atMs + (fault.afterMs ?? 0), action);
    }
  }
}

function endActivity(step: Step, atMs: number): void {
  const { setup, activity, profile } = step.state;
  if (step.state.phase === 'closed') return;
  if (setup?.automaticActivityDetection) {
    close(step, atMs, 'activity-with-automatic-vad');
    return;
  }
  if (!activity && connectionFault(profile, 'miss-hasty-activity')) return;
  const empty = !activity || (activity.fromSample === step.state.recordedSamples && activity.texts.length === 0);
  if (empty) {
    close(step, atMs, CLOSE_CAUSES['empty-activity']);
    return;
  }
  finishActivity(step, atMs);
}

function finishActivity(step: Step, atMs: number): void {
  const { activity, activities, recordedSamples } = step.state;
  if (!activity) return;
  const finished = { ...activity, toSample: recordedSamples, endedAtMs: atMs };
  patch(step, { activity: undefined, activities: [...activities, finished].slice(-MAX_ACTIVITIES) });
  if (!isDeaf(step)) send(step, { voiceActivity: { voiceActivityType: 'ACTIVITY_END' } });
  const heard =
    finished.fromSample < recordedSamples ? { fromSample: finished.fromSample, toSample: recordedSamples } : undefined;
  beginTurn(step, atMs, { heard, texts: finished.texts });
}

function receiveImage(step: Step, image: NonNullable<RealtimeInput['image']>): void {
  const { phase, images, pendingTokens, context } = step.state;
  if (phase === 'closed') return;
  patch(step, {
    images: images + 1,
    pendingTokens: addTokens(pendingTokens, { IMAGE: IMAGE_TOKENS }),
    context: { ...context, sawVideo: true },
  });
  step.effects.push({ kind: 'show', image });
}

/** The microphone is off: in automatic mode whatever was being said is over. */
function endStream(step: Step, atMs: number): void {
  const { phase, setup, activity } = step.state;
  if (phase === 'closed' || !setup?.automaticActivityDetection || !activity) return;
  patch(step, { voice: QUIET });
  finishActivity(step, atMs);
}

function receiveText(step: Step, atMs: number, text: string): void {
  if (step.state.phase === 'closed') return;
  const { activity } = step.state;
  if (activity) patch(step, { activity: { ...activity, texts: [...activity.texts, text] } });
  else beginTurn(step, atMs, { heard: undefined, texts: [text] });
}

function receiveSound(step: Step, atMs: number, pcm: Buffer): void {
  const { phase, activity, setup, profile, generation } = step.state;
  if (phase === 'closed') return;
  if (generation?.stage === 'awaiting-tool' && connectionFault(profile, 'refuse-audio-during-tool-call')) {
    close(step, atMs, 'tools-unsupported');
    return;
  }
  const samples = pcm.length / 2;
  if (!setup?.automaticActivityDetection && !activity) {
    patch(step, { ignoredSamples: step.state.ignoredSamples + samples });
    return;
  }
  step.effects.push({ kind: 'record', pcm });
  patch(step, { recordedSamples: step.state.recordedSamples + samples });
  if (setup?.automaticActivityDetection) listen(step, atMs, pcm, setup.silenceMs);
}

function listen(step: Step, atMs: number, pcm: Buffer, silenceMs: number): void {
  const samples = Int16Array.from({ length: pcm.length / 2 }, (_, index) => pcm.readInt16LE(index * 2));
  const chunk = {
    levelDbfs: levelOf(samples).rms,
    chunkMs: (samples.length * 1000) / MICROPHONE_RATE_HZ,
    silenceMs,
  };
  const { state, detected } = detectVoice(step.state.voice, chunk);
  patch(step, { voice: state });
  const { recordedSamples, activities } = step.state;
  const heardBefore = activities.at(-1)?.toSample ?? 0;
  if (detected === 'started') openActivity(step, atMs, Math.max(heardBefore, recordedSamples - PREFIX_SAMPLES));
  else if (detected === 'ended') finishActivity(step, atMs);
}
