import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { ClientMessage } from '../live/live-connection.ts';
import { NewestFrame } from './newest-frame.ts';
import { PictureRoom } from './picture-room.ts';
import { Questions } from './question.ts';
import { Uplink } from './uplink.ts';

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
/** A frame as vision publishes it, as far as its EXIF goes. */
function sceneFrame(scene: number): Uint8Array {
  const words = Buffer.from(`scene ${scene}\0`);
  const tiff = Buffer.alloc(26);
  tiff.write('II*\0', 'latin1');
  tiff.writeUInt32LE(8, 4); // where the directory is
  tiff.writeUInt16LE(1, 8); // its only entry: ImageDescription, ASCII, behind the directory
  tiff.writeUInt16LE(0x010e, 10);
  tiff.writeUInt16LE(2, 12);
  tiff.writeUInt32LE(words.length, 14);
  tiff.writeUInt32LE(tiff.length, 18);
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff, words]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(exif.length + 2, 4);
  return Buffer.concat([head, exif, Buffer.from([0xff, 0xd9])]);
}
const frame20ms = (first = 0) => Int16Array.from({ length: 320 }, (_unused, index) => first + index);

function bench() {
  const clock = manualClock();
  const questions = new Questions();
  const camera = new NewestFrame();
  const meters = new Meters();
  const sent: ClientMessage[] = [];
  const remarks: string[] = [];
  const told: string[] = [];
  const sink = {
    bufferedBytes: 0,
    sentBytes: 0,
    send(message: ClientMessage) {
      sent.push(message);
      if (message.type === 'audio') sink.sentBytes += (message.samples.length * 8) / 3;
      return true;
    },
  };
  const network = { delayMs: 0, pings: 0 };
  const room: PictureRoom = new PictureRoom({
    clock,
    ping(behindSound) {
      network.pings += 1;
      const number = network.pings;
      clock.after(behindSound ? network.delayMs : 0, () => room.ponged(number));
      return number;
    },
  });
  const uplink = new Uplink({
    clock,
    meters,
    questions,
    camera,
    room,
    sceneResendMs: 5_000,
    remarksFor: () => remarks.splice(0),
    started: (turn) => told.push(`started ${turn}`),
    sent: (turn) => told.push(`sent ${turn}`),
  });
  return {
    clock,
    questions,
    camera,
    meters,
    sent,
    remarks,
    told,
    sink,
    network,
    uplink,
    hear(utterance: number, samples = frame20ms()) {
      questions.hear(utterance, samples);
      uplink.pump();
    },
    end(utterance: number) {
      questions.end(utterance);
      uplink.pump();
    },
    kinds: () => sent.map(({ type }) => type),
    sound: () => sent.flatMap((message) => (message.type === 'audio' ? [...message.samples] : [])),
  };
}

const turn = (number: number) => ({ number, utterance: number });

describe('the uplink', () => {
  it('puts a question into an activity: start, sound, picture, end', () => {
    const { uplink, sink, camera, clock, hear, end, kinds, told } = bench();
    camera.show(JPEG, clock.nowMs(), false);
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1);
    hear(1);
    end(1);
    expect(kinds()).toEqual(['activityStart', 'audio', 'audio', 'picture', 'activityEnd']);
    expect(told).toEqual(['started 1', 'sent 1']);
  });

  it('opens no activity before there is sound', () => {
    const { uplink, sink, kinds, end } = bench();
    uplink.attach(sink);
    uplink.ask(turn(1));
    end(1);
    expect(kinds()).toEqual([]);
  });

  it('sends the newest picture before the end of the question, though one was sent at its beginning', () => {
    const { uplink, sink, camera, clock, hear, end, sent } = bench();
    const newer = Uint8Array.of(...JPEG, 1);
    camera.show(JPEG, clock.nowMs(), false);
    uplink.attach(sink);
    uplink.ask(turn(1));
    for (let tick = 0; tick < 10; tick += 1) hear(1);
    clock.advance(100);
    camera.show(newer, clock.nowMs(), false);
    end(1);
    expect(sent.at(-2)).toEqual({ type: 'picture', jpeg: newer });
  });

  it('sends no more than two pictures a second, and none outside a question', () => {
    const { uplink, sink, camera, clock, hear, sent } = bench();
    uplink.attach(sink);
    camera.show(JPEG, clock.nowMs(), false);
    uplink.pump();
    expect(sent).toEqual([]);
    uplink.ask(turn(1));
    for (let tick = 0; tick < 100; tick += 1) {
      camera.show(Uint8Array.of(...JPEG, tick), clock.nowMs(), false);
      hear(1);
      clock.advance(20);
    }
    expect(sent.filter(({ type }) => type === 'picture')).toHaveLength(4);
  });

  it('shows a scene that stays the same twice in a question: at its beginning, and as it is at its end', () => {
    const { uplink, sink, camera, clock, hear, end, sent, meters } = bench();
    uplink.attach(sink);
    uplink.ask(turn(1));
    let newest: Uint8Array = JPEG;
    for (let tick = 0; tick < 200; tick += 1) {
      if (tick % 6 === 0) {
        newest = sceneFrame(7);
        camera.show(newest, clock.nowMs(), false);
      }
      hear(1);
      clock.advance(20);
    }
    end(1);
    const pictures = sent.flatMap((message) => (message.type === 'picture' ? [message.jpeg] : []));
    expect(pictures).toHaveLength(2);
    expect(pictures[1]).toBe(newest);
    expect(meters.snapshot(0).counters['picturesOfSameScene']).toBeGreaterThan(20);
  });

  it('says that it cannot see, in place of a picture older than two seconds', () => {
    const { uplink, sink, camera, clock, hear, end, sent, kinds } = bench();
    camera.show(JPEG, clock.nowMs(), false);
    clock.advance(2_001);
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1);
    end(1);
    expect(kinds()).not.toContain('picture');
    expect(sent.at(-2)).toMatchObject({ type: 'remark', text: expect.stringContaining('cannot see') });
  });

  it('does not trust the arrival time of a picture the broker had kept', () => {
    const { camera, clock } = bench();
    camera.show(JPEG, clock.nowMs(), true);
    expect(camera.fresh(clock.nowMs())).toBeUndefined();
  });

  it('sends no picture once the user has blocked the camera, and none of before afterwards', () => {
    const { camera, clock } = bench();
    camera.show(JPEG, clock.nowMs(), false);
    camera.block(true);
    camera.show(JPEG, clock.nowMs(), false);
    camera.block(false);
    expect(camera.fresh(clock.nowMs())).toBeUndefined();
  });

  it('puts the whole question again to a new connection, faster than real time', () => {
    const { uplink, sink, hear, end, sound, sent } = bench();
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1, frame20ms(0));
    uplink.detach();
    hear(1, frame20ms(320));
    sent.length = 0;
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1, frame20ms(640));
    end(1);
    expect(sound()).toEqual(Array.from({ length: 960 }, (_unused, index) => index));
    expect(sent.every((message) => message.type !== 'audio' || message.samples.length <= 640)).toBe(true);
  });

  it('holds sound back, and leaves pictures out, while the network does not take what was sent', () => {
    const { uplink, sink, camera, clock, hear, end, kinds, sound, meters, told } = bench();
    camera.show(JPEG, clock.nowMs(), false);
    sink.bufferedBytes = 30_000;
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1, frame20ms(0));
    expect(kinds()).toEqual(['activityStart', 'audio']);
    sink.bufferedBytes = 100_000;
    hear(1, frame20ms(320));
    end(1);
    clock.advance(1_000);
    expect(sound()).toHaveLength(320);
    sink.bufferedBytes = 0;
    clock.advance(20);
    expect(sound()).toHaveLength(640);
    expect(told.at(-1)).toBe('sent 1');
    expect(meters.snapshot(0).counters['picturesDroppedSlowUplink']).toBe(1);
  });

  it('sends the first picture when the first sound has arrived, and none where sound arrives late', () => {
    for (const [delayMs, pictures] of [
      [100, 2],
      [1_000, 0],
    ] as const) {
      const { uplink, sink, network, camera, clock, hear, end, sent, kinds, meters } = bench();
      network.delayMs = delayMs;
      uplink.attach(sink);
      uplink.ask(turn(1));
      for (let tick = 0; tick < 8; tick += 1) {
        if (tick % 4 === 0) camera.show(Uint8Array.of(...JPEG, tick), clock.nowMs(), false);
        hear(1, frame20ms(0));
        hear(1, new Int16Array(1_600));
        clock.advance(100);
      }
      end(1);
      expect(sent.filter(({ type }) => type === 'picture')).toHaveLength(pictures);
      expect(meters.snapshot(0).counters['picturesDroppedSlowUplink'] ?? 0).toBe(pictures ? 0 : 1);
      expect(kinds().includes('remark')).toBe(pictures === 0);
    }
  });

  it('counts every picture it leaves out once, also those that come while sound is held back', () => {
    const { uplink, sink, camera, clock, hear, sent, meters } = bench();
    sink.bufferedBytes = 100_000;
    uplink.attach(sink);
    uplink.ask(turn(1));
    sink.bufferedBytes = 0;
    hear(1);
    sink.bufferedBytes = 100_000;
    for (let picture = 1; picture <= 3; picture += 1) {
      camera.show(Uint8Array.of(...JPEG, picture), clock.nowMs(), false);
      hear(1);
      clock.advance(500);
    }
    expect(meters.snapshot(0).counters['picturesDroppedSlowUplink']).toBe(3);
    expect(sent.map(({ type }) => type)).toEqual(['activityStart', 'audio']);
  });

  it('leaves half a second between two activities', () => {
    const { uplink, sink, clock, hear, end, kinds } = bench();
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1);
    end(1);
    uplink.ask(turn(2));
    hear(2);
    expect(kinds().filter((type) => type === 'activityStart')).toHaveLength(1);
    clock.advance(500);
    expect(kinds().filter((type) => type === 'activityStart')).toHaveLength(2);
  });

  it('takes remarks along before the question', () => {
    const { uplink, sink, remarks, hear, kinds } = bench();
    remarks.push('[gps] Baker Street');
    uplink.attach(sink);
    uplink.ask(turn(1));
    hear(1);
    expect(kinds()[0]).toBe('history');
  });

  it('leaves no activity empty though the remarks before it have filled the network', () => {
    const { uplink, sink, remarks, hear, kinds } = bench();
    const { send } = sink;
    sink.send = (message) => {
      if (message.type === 'history') sink.bufferedBytes = 100_000;
      return send(message);
    };
    uplink.attach(sink);
    remarks.push('[gps] Baker Street');
    uplink.ask(turn(1));
    hear(1);
    hear(1);
    uplink.withdraw(1);
    expect(kinds()).toEqual(['history', 'activityStart', 'audio', 'activityEnd']);
  });

  it('never nests, never leaves empty and always closes an activity, whatever happens', () => {
    const step = fc.oneof(
      fc.nat(3).map((n) => ({ do: 'hear' as const, n })),
      fc.nat(3).map((n) => ({ do: 'end' as const, n })),
      fc.nat(3).map((n) => ({ do: 'ask' as const, n })),
      fc.nat(3).map((n) => ({ do: 'withdraw' as const, n })),
      fc.constantFrom(0, 20_000, 100_000).map((n) => ({ do: 'buffer' as const, n })),
      fc.integer({ min: 1, max: 700 }).map((n) => ({ do: 'wait' as const, n })),
      fc.constant({ do: 'reconnect' as const, n: 0 }),
      fc.constant({ do: 'show' as const, n: 0 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { uplink, sink, sent, clock, camera, hear, end } = bench();
        const lives: ClientMessage[][] = [];
        uplink.attach(sink);
        for (const { do: action, n } of steps) {
          if (action === 'hear') hear(n);
          else if (action === 'end') end(n);
          else if (action === 'ask') uplink.ask(turn(n));
          else if (action === 'withdraw') uplink.withdraw(n);
          else if (action === 'buffer') sink.bufferedBytes = n;
          else if (action === 'wait') clock.advance(n);
          else if (action === 'show') camera.show(JPEG, clock.nowMs(), false);
          else {
            lives.push(sent.splice(0));
            uplink.attach(sink);
          }
        }
        for (const n of [0, 1, 2, 3]) uplink.withdraw(n);
        for (const [index, messages] of [...lives, sent].entries()) {
          let open = false;
          let sounds = 0;
          for (const { type } of messages) {
            if (type === 'activityStart') {
              expect(open).toBe(false);
              open = true;
              sounds = 0;
            }
            if (type === 'audio' || type === 'picture' || type === 'remark') expect(open).toBe(true);
            if (type === 'audio') sounds += 1;
            if (type === 'activityEnd') {
              expect(open && sounds > 0).toBe(true);
              open = false;
            }
          }
          if (index === lives.length) expect(open).toBe(false);
        }
      }),
    );
  });
});
