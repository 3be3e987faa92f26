import { handover, level, microphonePcm, microphoneResend, speech } from './audio-in.ts';
import type { Channel } from './channel.ts';
import { fallback, interrupt, privacy, runtimeSettings, volume } from './control.ts';
import { decision, layer1Request, layer1Response, layer3Request, layer3Response } from './layers.ts';
import { metrics, status } from './service.ts';
import { alert, playback, speakerState } from './speaker.ts';
import { ask, context, replyPcm, replyResend, say, session, transcript, turn } from './thinker.ts';
import { toolCall, toolDeclare, toolResult, toolStatus } from './tools.ts';
import { frame } from './vision.ts';

/** Every topic of the contract. The broker's rights, the protocol page and the fuzz tests are made from this list. */
// biome-ignore lint/suspicious/noExplicitAny: the one list of channels whose payload types differ
export const ALL_CHANNELS: readonly Channel<any>[] = [
  microphonePcm,
  microphoneResend,
  speech,
  level,
  handover,
  frame,
  replyPcm,
  replyResend,
  transcript,
  turn,
  session,
  ask,
  say,
  context,
  toolDeclare,
  toolCall,
  toolResult,
  toolStatus,
  playback,
  speakerState,
  alert,
  interrupt,
  fallback,
  privacy,
  volume,
  runtimeSettings,
  decision,
  layer1Request,
  layer1Response,
  layer3Request,
  layer3Response,
  status,
  metrics,
];
