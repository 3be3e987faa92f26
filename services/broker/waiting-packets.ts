import { PacketFraming } from './packet-framing.ts';

/** How many packets have begun to go into a queue of bytes and not begun to come out of it again. */
export class WaitingPackets {
  count = 0;
  private readonly entered = new PacketFraming(Number.POSITIVE_INFINITY);
  private readonly left = new PacketFraming(Number.POSITIVE_INFINITY);

  enter(chunk: Uint8Array): void {
    this.count += this.begunIn(chunk, this.entered);
  }

  leave(chunk: Uint8Array): void {
    this.count -= this.begunIn(chunk, this.left);
  }

  private begunIn(chunk: Uint8Array, framing: PacketFraming): number {
    try {
      return framing.accept(chunk);
    } catch {
      // No packets: nobody counts on the number, and the bytes are the client's to judge.
      return 0;
    }
  }
}
