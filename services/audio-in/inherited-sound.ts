import type { Resend } from '#shared/contract/audio-in.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';

/** Older than every utterance: whoever is asked for it shows the newest frame of all that it keeps. */
export const ALL_KEPT: Resend = { stream: 0, from: 0 };

/**
 * What a successor gets of the utterances that its predecessor keeps: once that is gone, nobody else has them for a thinker
 * that is started again, too.
 */
export class InheritedSound {
  /** By utterance, the positions had. */
  private readonly had = new Map<number, Set<number>>();

  /** @returns whether the frame is a new one, and what to ask the predecessor for: an utterance that began before us, once. */
  accept({ stream, position }: PcmFrame): { isNew: boolean; ask?: Resend } {
    const known = this.had.get(stream);
    const positions = known ?? new Set();
    this.had.set(stream, positions);
    const isNew = !positions.has(position);
    positions.add(position);
    return known || position === 0 ? { isNew } : { isNew, ask: { stream, from: 0 } };
  }
}
