import { handover, level, microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { atTopic, type Channel, SERVICES } from '#shared/contract/channel.ts';
import { fallback, interrupt, privacy, runtimeSettings, volume } from '#shared/contract/control.ts';
import { decision, layer1Request, layer1Response, layer3Request, layer3Response } from '#shared/contract/layers.ts';
import { metrics, status } from '#shared/contract/service.ts';
import { alert, playback, speakerState } from '#shared/contract/speaker.ts';
import { ask, context, replyPcm, replyResend, say, session, transcript, turn } from '#shared/contract/thinker.ts';
import { toolCall, toolDeclare, toolResult, toolStatus } from '#shared/contract/tools.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { firstStreamNumber } from '#shared/pcm/stream-number.ts';

/**
 * Valid payloads of every kind for every topic of the contract (but pictures), to begin mutations from: with a number or
 * a letter changed most of them are believed. Turns and utterances have numbers near those in use.
 */
export function validPayloads(at: number): Map<string, Buffer[]> {
  const samples = new Map<string, Buffer[]>();
  function add<Payload>(channel: Channel<Payload>, ...payloads: Payload[]): void {
    samples.set(
      channel.topic,
      payloads.map((payload) => channel.codec.encode(payload)),
    );
  }

  const number = firstStreamNumber(at);
  const asked = { id: 'layer-1', text: 'Where is number 5?', intent: 'where-am-i', turn: number, at };
  const answered = { id: 'layer-1', text: 'In 5 metres.', speak: true };
  add(microphonePcm, ...framesOf(number, 16_000, at));
  add(microphoneResend, { stream: number, from: 0 });
  const evidence = { utterance: number, probability: 0.9, speechMs: 100, at };
  const speechStates = ['possible', 'started', 'ended', 'discarded'] as const;
  add(speech, ...speechStates.map((state) => ({ ...evidence, state })));
  add(level, { rms: -30, peak: -20, probability: 0.5, at });
  add(handover, ...(['waiting', 'taken', 'gone'] as const).map((state) => ({ state, pid: 54_321 })));

  add(replyPcm, ...framesOf(number, 24_000, at));
  add(replyResend, { stream: number, from: 0 });
  add(transcript, { turn: number, role: 'user', text: 'Set the volume to 50 percent.', final: true, at });
  const turnStates = ['listening', 'thinking', 'speaking', 'done', 'interrupted', 'failed'] as const;
  add(turn, ...turnStates.map((state) => ({ turn: number, utterance: number, state, backend: 'live' as const, at })));
  const error = { kind: 'key', message: 'made up', retryable: false };
  const facts = { model: 'made-up', attempt: 9, error, resumable: false, simulated: true, since: at };
  add(session, ...(['failed', 'backoff', 'idle', 'connected'] as const).map((state) => ({ ...facts, state })));
  add(ask, { id: 'ask-1', text: 'What is 5 and 6?' });
  add(say, { id: 'say-1', text: 'Number 5.' });
  add(context, { source: 'detector-1', text: 'a car 5 m ahead' });

  const compass = { name: 'compass' };
  add(atTopic(toolDeclare, compass), { name: 'compass', description: 'Where north is, in 1 degree.' });
  add(atTopic(toolCall, compass), { id: 'call-1', args: { unit: 1 } });
  add(atTopic(toolResult, compass), { id: 'call-1', result: 5 });
  add(atTopic(toolStatus, compass), { state: 'offered', at });

  const played = { turn: number, position: 4_800, playedMs: 200, at };
  add(playback, ...(['started', 'paused', 'finished', 'interrupted'] as const).map((state) => ({ ...played, state })));
  const sounding = { turn: number, position: 4_800, volume: 1, output: 'made up', since: at };
  add(speakerState, ...(['idle', 'paused', 'speaking'] as const).map((state) => ({ ...sounding, state })));
  add(alert, ...(['danger', 'attention'] as const).map((earcon) => ({ id: 'alert-1', earcon, text: 'Step in 5 m.' })));

  add(
    interrupt,
    ...(['barge-in', 'operator'] as const).map((source) => ({ id: 'i-1', source, utterance: number, at })),
  );
  add(
    fallback,
    ...(['live', 'http', 'offline'] as const).map((one) => ({ level: one, reason: 'made up 1', since: at })),
  );
  add(privacy, { microphone: true, camera: true }, { microphone: false, camera: false });
  add(volume, { volume: 0 }, { volume: 0.5 });
  add(runtimeSettings, { muted: true }, { bargeIn: 'off' }, { layer2Mode: 'legacy' }, { vadThreshold: 0.9 });

  add(decision, { turn: number, text: 'Number 5?', layer: 2, intent: 'open', confidence: 0.6, at });
  for (const request of [layer1Request, layer3Request]) add(request, asked);
  for (const response of [layer1Response, layer3Response]) add(response, answered);
  const process = { pid: 54_321, version: '0.1.0' };
  for (const service of SERVICES) {
    add(
      atTopic(status, { service }),
      { ...process, state: 'online', startedAt: at },
      { ...process, state: 'online', startedAt: at + 9_000_000 },
      { ...process, state: 'offline', startedAt: at },
    );
    add(atTopic(metrics, { service }), { counters: { made: 1 }, gauges: { up: 2 }, at });
  }
  return samples;
}

/** One from the middle of a stream, and the last one, which has no samples. */
function framesOf(stream: number, sampleRateHz: number, at: number): PcmFrame[] {
  const frame = { stream, sampleRateHz, position: 640, timeUs: at * 1_000, first: false, resent: false };
  return [
    { ...frame, last: false, samples: new Int16Array(320) },
    { ...frame, last: true, samples: new Int16Array(0) },
  ];
}
