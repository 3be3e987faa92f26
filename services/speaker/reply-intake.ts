import type { Bus } from '#shared/bus/bus.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { AssemblerPolicy } from '#shared/pcm/pcm-assembler.ts';
import { type PcmReceiver, type ReceivedPcm, startPcmReceiver } from '#shared/pcm/pcm-receiver.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { Speaker } from './speaker.ts';

/**
 * A gap is repaired long before the jitter buffer is empty; a thinker that restarts needs a second or two to answer. A
 * reply may pause for as long as a function of another layer takes; that its thinker is gone is told by others.
 */
const REPLY_POLICY: AssemblerPolicy = { askEveryMs: 60, stallAskMs: 300, giveUpMs: 3_000, abandonMs: 120_000 };

/** Replies from the bus to the speaker: each turn's samples in order, and its end. */
export class ReplyIntake {
  private readonly speaker: Speaker;
  private readonly context: { bus: Bus; clock: Clock; meters: Meters };
  private readonly received: () => void;
  private receiver: PcmReceiver | undefined;

  /** @param received is called whenever something has come. */
  constructor(speaker: Speaker, context: { bus: Bus; clock: Clock; meters: Meters }, received: () => void) {
    this.speaker = speaker;
    this.context = context;
    this.received = received;
  }

  /** Returns the stop. */
  async start(): Promise<() => void> {
    const { bus, clock, meters } = this.context;
    const channels = { pcm: replyPcm, resend: replyResend };
    this.receiver = await startPcmReceiver(bus, channels, { clock, meters, policy: REPLY_POLICY }, (pcm) =>
      this.receive(pcm),
    );
    return this.receiver.stop;
  }

  /** Asks for a turn from there on. */
  expect(turn: number, from: number): void {
    this.receiver?.expect(turn, from);
  }

  /**
   * The thinker could not finish the turn. Some of it may be on its way, or kept for us by the thinker: it is played to its last sample.
   * @param sounded whether any sound of it was published.
   */
  failed(turn: number, sounded: boolean): void {
    if (sounded || this.receiver?.awaits(turn)) this.receiver?.close(turn);
    else this.speaker.tell({ type: 'dropped', turn });
  }

  private receive(pcm: ReceivedPcm): void {
    if (pcm.type === 'samples') {
      const { stream, position, samples, sampleRateHz } = pcm;
      if (sampleRateHz === REPLY_RATE_HZ) this.speaker.append(stream, position, samples);
      else this.context.meters.count('replyFramesOfWrongRate');
    } else if (pcm.type === 'ended') {
      this.speaker.tell({ type: pcm.position > 0 ? 'ended' : 'dropped', turn: pcm.stream });
    }
    this.received();
  }
}
