import { once } from 'node:events';
import { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import { GuardedConnection } from './guarded-connection.ts';

/** A peer whose reading and sending the test decides. */
class Peer extends Duplex {
  readonly received: Buffer[] = [];
  private stuck: (() => void)[] = [];
  frozen = false;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.received.push(chunk);
    if (this.frozen) this.stuck.push(done);
    else done();
  }

  /** Reads one chunk more, and is frozen again. */
  thaw(): void {
    this.stuck.shift()?.();
  }
}

function guarded(): { peer: Peer; connection: GuardedConnection; clock: ManualClock } {
  const peer = new Peer();
  const clock = manualClock();
  const connection = new GuardedConnection(peer, clock);
  connection.on('error', () => undefined);
  return { peer, connection, clock };
}

/** Lets the event loop turn a few times: streams pass data on in later ticks. */
async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A PUBLISH packet of this many bytes or a little more. */
function packet(bytes: number): Buffer {
  return Buffer.concat([
    Buffer.from([0x30, (bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14]),
    Buffer.alloc(bytes),
  ]);
}

describe('writing to a client that does not read', () => {
  it('never asks the writer to wait', () => {
    const { peer, connection } = guarded();
    peer.frozen = true;
    for (let n = 0; n < 30; n += 1) expect(connection.write(Buffer.alloc(100_000))).toBe(true);
    expect(connection.destroyed).toBe(false);
  });

  it('is behind above a megabyte, so that QoS 0 passes it by, and no longer once it has caught up', async () => {
    const { peer, connection } = guarded();
    peer.frozen = true;
    connection.write(Buffer.alloc(1_000_000));
    expect(connection.isBehind).toBe(false);
    connection.write(Buffer.alloc(100_000));
    expect(connection.isBehind).toBe(true);
    peer.frozen = false;
    peer.thaw();
    await settle();
    expect(connection.isBehind).toBe(false);
    expect(connection.backlogBytes).toBe(0);
  });

  it('is behind with very many tiny messages too', () => {
    const { peer, connection } = guarded();
    peer.frozen = true;
    for (let n = 0; n < 10_002; n += 1) connection.write('x');
    expect(connection.isBehind).toBe(true);
  });

  it('cuts the client off when messages that must not be lost pile up', () => {
    const { peer, connection } = guarded();
    peer.frozen = true;
    for (let n = 0; n < 50; n += 1) connection.write(Buffer.alloc(100_000));
    expect(connection.destroyed).toBe(true);
    expect(peer.destroyed).toBe(true);
  });

  it('knows how many packets a client that is cut off will never have', async () => {
    const { peer, connection } = guarded();
    for (let n = 0; n < 5; n += 1) connection.write(packet(1_000));
    await settle();
    peer.frozen = true;
    for (let n = 0; n < 7; n += 1) {
      // In pieces, and text among them, as Aedes writes them.
      connection.write(packet(100).subarray(0, 3));
      connection.write(packet(100).subarray(3, 54));
      connection.write('\0'.repeat(50));
    }
    expect(connection.packetsCutOff).toBeUndefined();
    connection.cutOff('a test');
    await settle();
    expect(connection.packetsCutOff).toBe(7);
  });

  it('calls it frozen ten seconds after its last byte, and not while it reads ever so slowly', async () => {
    const { peer, connection, clock } = guarded();
    peer.frozen = true;
    for (let n = 0; n < 10; n += 1) connection.write(Buffer.alloc(70_000));
    for (let n = 0; n < 5; n += 1) {
      clock.advance(9_000);
      expect(connection.isFrozen(clock.nowMs())).toBe(false);
      peer.thaw();
      await settle(3);
    }
    clock.advance(10_001);
    expect(connection.isFrozen(clock.nowMs())).toBe(true);
  });

  it('is not frozen when there was nothing to read for an hour', () => {
    const { connection, clock } = guarded();
    clock.advance(3_600_000);
    expect(connection.isFrozen(clock.nowMs())).toBe(false);
  });

  it('delivers every byte in order once the client reads', async () => {
    const { peer, connection } = guarded();
    peer.frozen = true;
    const sent = Array.from({ length: 300 }, (_unused, n) => Buffer.alloc(n * 7, n));
    for (const chunk of sent) connection.write(chunk);
    peer.frozen = false;
    peer.thaw();
    await settle(50);
    expect(Buffer.concat(peer.received).equals(Buffer.concat(sent))).toBe(true);
  });
});

describe('reading from a client', () => {
  it('hands on every byte in order, in slices of 16 kB', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60_000), { minLength: 1, maxLength: 6 }), async (lengths) => {
        const { peer, connection } = guarded();
        connection.allowPackets(100_000);
        const bytes = Buffer.concat(lengths.map(packet));
        const slices: Buffer[] = [];
        connection.on('readable', () => {
          const slice = connection.read();
          if (slice) slices.push(slice);
        });
        peer.push(bytes);
        peer.push(null);
        await once(connection, 'end');
        expect(Buffer.concat(slices).equals(bytes)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('has nothing more to read within the same turn: the parser behind it cannot be entered twice', async () => {
    const { peer, connection } = guarded();
    connection.allowPackets(100_000);
    peer.push(packet(60_000));
    await once(connection, 'readable');
    expect((connection.read() as Buffer).length).toBeLessThanOrEqual(2 * 16_384);
    expect(connection.read()).toBeNull();
  });

  it('closes on a long packet before the login, at its header, and takes it after', async () => {
    const stranger = guarded();
    stranger.connection.resume();
    stranger.peer.push(packet(65_000).subarray(0, 4));
    await settle();
    expect(stranger.connection.destroyed).toBe(true);
    const known = guarded();
    known.connection.resume();
    known.connection.allowPackets(100_000);
    known.peer.push(packet(65_000).subarray(0, 4));
    await settle();
    expect(known.connection.destroyed).toBe(false);
  });

  it('leaves a flood in the socket until its time has come', async () => {
    const { peer, connection, clock } = guarded();
    connection.allowPackets(2_000_000);
    let read = 0;
    connection.on('data', (slice: Buffer) => {
      read += slice.length;
    });
    for (let n = 0; n < 20; n += 1) peer.push(packet(1_000_000));
    await settle(2_000);
    expect(read).toBeGreaterThan(1_900_000);
    expect(read).toBeLessThan(2_100_000);
    clock.advance(1_000);
    await settle(2_000);
    expect(read).toBeGreaterThan(3_900_000);
    expect(read).toBeLessThan(4_200_000);
  });
});
