type Phase = 'header' | 'length' | 'body';

/** The longest length field of MQTT: four bytes of seven bits (section 2.2.3). */
const MAX_LENGTH_BYTES = 4;

/**
 * Follows the packet boundaries of one connection without keeping a byte, so that a packet that is too long is refused
 * at its header. The parser behind it would first collect the whole packet in memory: up to 256 MB.
 */
export class PacketFraming {
  /** May be raised, e.g. once the client has said who it is. */
  maxPacketBytes: number;
  private phase: Phase = 'header';
  private bodyBytes = 0;
  private lengthBytes = 0;

  constructor(maxPacketBytes: number) {
    this.maxPacketBytes = maxPacketBytes;
  }

  /** @returns how many packets begin in this chunk. Throws RangeError on a packet that is too long or a broken length field. */
  accept(chunk: Uint8Array): number {
    let packets = 0;
    let index = 0;
    while (index < chunk.length) {
      if (this.phase === 'body') {
        const step = Math.min(this.bodyBytes, chunk.length - index);
        index += step;
        this.bodyBytes -= step;
        if (this.bodyBytes === 0) this.phase = 'header';
        continue;
      }
      const byte = chunk[index] ?? 0;
      index += 1;
      if (this.phase === 'header') {
        packets += 1;
        this.phase = 'length';
        this.bodyBytes = 0;
        this.lengthBytes = 0;
      } else this.lengthByte(byte);
    }
    return packets;
  }

  private lengthByte(byte: number): void {
    this.bodyBytes += (byte & 0x7f) * 128 ** this.lengthBytes;
    this.lengthBytes += 1;
    if (this.bodyBytes > this.maxPacketBytes) {
      throw new RangeError(`a packet of more than ${this.maxPacketBytes} bytes`);
    }
    if (byte & 0x80) {
      if (this.lengthBytes === MAX_LENGTH_BYTES) throw new RangeError('a packet with a broken length field');
      return;
    }
    this.phase = this.bodyBytes === 0 ? 'header' : 'body';
  }
}
