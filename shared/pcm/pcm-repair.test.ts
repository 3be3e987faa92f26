import { describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { PcmFrame } from './frame.ts';
import { startPcmPublisher } from './pcm-publisher.ts';
import { startPcmReceiver } from './pcm-receiver.ts';

const channels = { pcm: replyPcm, resend: replyResend };
const policy = { askEveryMs: 100, giveUpMs: 1000 };

function frame(position: number, last = false): PcmFrame {
  const samples = Int16Array.of(position, position + 1);
  return { sampleRateHz: 24000, stream: 9, position, timeUs: 0, first: position === 0, last, resent: false, samples };
}

/** Lets the hub's queued deliveries, and what they cause, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('a repairable PCM stream', () => {
  it('loses nothing over a broker that goes away in the middle', async () => {
    const hub = new MemoryHub();
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    const heard: number[] = [];
    await startPcmReceiver(hub.bus(), channels, { clock: manualClock(), meters: new Meters(), policy }, (received) => {
      if (received.type === 'samples') heard.push(...received.samples);
    });
    publisher.publish(frame(0));
    await settle();
    hub.disconnect();
    publisher.publish(frame(2));
    publisher.publish(frame(4));
    hub.reconnect();
    await settle();
    publisher.publish(frame(6, true));
    await settle();
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('neither gives a stream up nor asks for it over and over while the broker is away', async () => {
    const hub = new MemoryHub();
    const clock = manualClock();
    const meters = new Meters();
    const impatient = { ...policy, stallAskMs: 300, abandonMs: 3_000 };
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    const received: string[] = [];
    await startPcmReceiver(hub.bus(), channels, { clock, meters, policy: impatient }, (effect) => {
      received.push(effect.type === 'samples' ? `samples ${effect.position}` : effect.type);
    });
    publisher.publish(frame(0));
    await settle();
    hub.disconnect();
    publisher.publish(frame(2, true));
    clock.advance(15_000);
    expect(meters.snapshot(0).counters['pcmResendsAsked'] ?? 0).toBe(0);
    hub.reconnect();
    await settle();
    expect(received).toEqual(['samples 0', 'samples 2', 'ended']);
  });

  it('gives no stream up because the machine has learnt the time', async () => {
    const hub = new MemoryHub();
    const manual = manualClock();
    let jumpMs = 0;
    const clock = { ...manual, nowMs: () => manual.nowMs() + jumpMs };
    const patient = { ...policy, stallAskMs: 300, abandonMs: 3_000 };
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    const received: string[] = [];
    await startPcmReceiver(hub.bus(), channels, { clock, meters: new Meters(), policy: patient }, (effect) => {
      received.push(effect.type === 'samples' ? `samples ${effect.position}` : effect.type);
    });
    publisher.publish(frame(0));
    await settle();
    manual.advance(100);
    jumpMs = 3_600_000;
    manual.advance(100);
    await settle();
    publisher.publish(frame(2, true));
    await settle();
    expect(received).toEqual(['samples 0', 'samples 2', 'ended']);
  });

  it('gives a subscriber that comes late the whole stream', async () => {
    const hub = new MemoryHub();
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    for (const position of [0, 2, 4]) publisher.publish(frame(position));
    await settle();
    const heard: number[] = [];
    const receiver = await startPcmReceiver(
      hub.bus(),
      channels,
      { clock: manualClock(), meters: new Meters(), policy },
      (received) => {
        if (received.type === 'samples') heard.push(...received.samples);
      },
    );
    receiver.expect(9, 3);
    await settle();
    expect(heard).toEqual([3, 4, 5]);
  });

  it('shows one who asks for the stream after the last it knows what has begun since', async () => {
    const hub = new MemoryHub();
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    for (const position of [0, 2]) publisher.publish(frame(position, position === 2));
    await settle();
    const heard: number[] = [];
    const receiver = await startPcmReceiver(
      hub.bus(),
      channels,
      { clock: manualClock(), meters: new Meters(), policy },
      (received) => {
        if (received.type === 'samples') heard.push(...received.samples);
      },
    );
    receiver.forget(7);
    hub.bus().publish(replyResend, { stream: 8, from: 0 });
    await settle();
    expect(heard).toEqual([0, 1, 2, 3]);
  });

  it('that a publisher takes over is shown to a subscriber that has missed it, and ends where it was left', async () => {
    const hub = new MemoryHub();
    const heard: number[] = [];
    const ended: string[] = [];
    await startPcmReceiver(hub.bus(), channels, { clock: manualClock(), meters: new Meters(), policy }, (received) => {
      if (received.type === 'samples') heard.push(...received.samples);
      else if (received.type === 'ended') ended.push(`${received.stream} at ${received.position}`);
    });
    const publisher = await startPcmPublisher(hub.bus(), channels, 1000);
    publisher.inherit([{ ...frame(0), stream: 8 }, frame(0), frame(2), frame(4, true)]);
    await settle();
    expect(heard).toEqual([0, 1, 0, 1, 2, 3, 4, 5]);
    expect(ended).toEqual(['8 at 2', '9 at 6']);
  });

  it('keeps no more than it may, and says what is lost for good', async () => {
    const hub = new MemoryHub();
    const clock = manualClock();
    const publisher = await startPcmPublisher(hub.bus(), channels, 4);
    for (const position of [0, 2, 4, 6]) publisher.publish(frame(position));
    await settle();
    const received: unknown[] = [];
    const receiver = await startPcmReceiver(hub.bus(), channels, { clock, meters: new Meters(), policy }, (effect) => {
      received.push(effect.type === 'lost' ? [effect.from, effect.to] : effect.type);
    });
    receiver.expect(9, 0);
    await settle();
    clock.advance(1100);
    expect(received).toEqual([[0, 4], 'samples']);
  });
});
