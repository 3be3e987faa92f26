import type { PcmFrame } from '#shared/pcm/frame.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';

/** Turns the audio of one answer at a time into a PCM stream: contiguous positions, a first and a last frame. */
export class ReplyStream {
  private readonly publish: (frame: PcmFrame) => void;
  private turn = 0;
  /** Of the next sample. */
  private position = 0;
  private open = false;

  constructor(publish: (frame: PcmFrame) => void) {
    this.publish = publish;
  }

  /** @param atMs Unix milliseconds of the samples' arrival. */
  play(turn: number, samples: Int16Array, atMs: number): void {
    if (turn !== this.turn) {
      this.turn = turn;
      this.position = 0;
      this.open = true;
    }
    if (!this.open || samples.length === 0) return;
    this.frame(samples, atMs, false);
    this.position += samples.length;
  }

  /** The answer has no more audio. Without any, there is no stream to end. */
  end(turn: number, atMs: number): void {
    if (turn !== this.turn || !this.open) return;
    this.open = false;
    this.frame(new Int16Array(0), atMs, true);
  }

  /** Ends a stream of a predecessor there, because nobody has the rest of it: whoever waits for that shall not. */
  endLost(turn: number, position: number, atMs: number): void {
    this.publish(frameOf({ turn, position }, new Int16Array(0), atMs, true));
  }

  private frame(samples: Int16Array, atMs: number, last: boolean): void {
    this.publish(frameOf({ turn: this.turn, position: this.position }, samples, atMs, last));
  }
}

function frameOf(
  { turn, position }: { turn: number; position: number },
  samples: Int16Array,
  atMs: number,
  last: boolean,
): PcmFrame {
  return {
    sampleRateHz: REPLY_RATE_HZ,
    stream: turn,
    position,
    timeUs: Math.round(atMs * 1000),
    first: position === 0,
    last,
    resent: false,
    samples,
  };
}
