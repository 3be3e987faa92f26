import { describe, expect, it } from 'vitest';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { ClientMessage } from '../live/live-connection.ts';
import { NewestFrame } from './newest-frame.ts';
import { OpenMicrophone } from './open-microphone.ts';
import { PictureRoom } from './picture-room.ts';

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);

function bench(inTurn = true) {
  const clock = manualClock();
  const meters = new Meters();
  const camera = new NewestFrame();
  const sent: ClientMessage[] = [];
  const sink = {
    bufferedBytes: 0,
    sentBytes: 0,
    send(message: ClientMessage) {
      sent.push(message);
      return true;
    },
  };
  const room = new PictureRoom({ clock, ping: () => 1 });
  const microphone = new OpenMicrophone({ clock, meters, camera, room, inTurn: () => inTurn });
  return { clock, meters, camera, sent, sink, microphone };
}

describe('the open microphone', () => {
  it('sends what comes, and what came before the connection, in order', () => {
    const { microphone, sink, sent } = bench();
    microphone.hear(Int16Array.of(1));
    microphone.attach(sink);
    microphone.hear(Int16Array.of(2));
    expect(sent).toEqual([
      { type: 'audio', samples: Int16Array.of(1) },
      { type: 'audio', samples: Int16Array.of(2) },
    ]);
  });

  it('keeps thirty seconds and drops the oldest beyond, counted', () => {
    const { microphone, sink, sent, meters } = bench();
    for (let second = 0; second < 40; second += 1) microphone.hear(new Int16Array(16_000).fill(second));
    microphone.attach(sink);
    expect(sent).toHaveLength(30);
    expect(sent[0]).toMatchObject({ samples: expect.objectContaining({ 0: 10 }) });
    expect(meters.snapshot(0).counters['questionSamplesDropped']).toBe(160_000);
  });

  it('waits while the network takes nothing', () => {
    const { microphone, sink, sent, clock } = bench();
    sink.bufferedBytes = 100_000;
    microphone.attach(sink);
    microphone.hear(Int16Array.of(1));
    expect(sent).toEqual([]);
    sink.bufferedBytes = 0;
    clock.advance(20);
    expect(sent).toHaveLength(1);
  });

  it.each([
    [true, 1],
    [false, 0],
  ])('sends pictures only in a turn (%s)', (inTurn, pictures) => {
    const { microphone, sink, sent, camera, clock } = bench(inTurn);
    camera.show(JPEG, clock.nowMs(), false);
    microphone.attach(sink);
    microphone.hear(Int16Array.of(1));
    expect(sent.filter(({ type }) => type === 'picture')).toHaveLength(pictures);
  });
});
