import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import { EAGER, isEager, misledAt } from './eagerness.ts';
import type { VoiceHint } from './endpointing.ts';
import type { UtteranceOutput } from './utterances.ts';
import { HOP_SAMPLES, type VoiceActivity } from './voice-activity.ts';

/** How fast the room may become louder for good: 2 dB a second. */
const ROOM_RISE_DB_PER_WINDOW = (2 * HOP_SAMPLES) / MICROPHONE_RATE_HZ;

/** Looks for the first sign of a voice, for as long as somebody is in a hurry and it is not misled (decision 0027). */
export class Hints {
  private readonly eager: VoiceActivity;
  private eagerness = EAGER;
  private looking = false;
  /** Whether the detector has been sure of the speech that is possible now. */
  private sure = false;
  /** The quietest of late. */
  private roomDbfs = 0;

  /** @param eager hears the sound louder. */
  constructor(eager: VoiceActivity) {
    this.eager = eager;
  }

  /** @param window the next one of the detector, at `position`. @param hurry whether anybody wants to know. */
  look(window: Int16Array, { position, levelDbfs, hurry }: HintedWindow): VoiceHint | undefined {
    this.roomDbfs = Math.min(levelDbfs, this.roomDbfs + ROOM_RISE_DB_PER_WINDOW);
    const looks = hurry && isEager(this.eagerness, position);
    // What comes later follows on nothing of this.
    if (this.looking && !looks) this.eager.reset();
    this.looking = looks;
    if (!looks) return undefined;
    return { louderProbability: this.eager.probability(window), aboveRoomDb: levelDbfs - this.roomDbfs };
  }

  /** @param sure whether the detector is sure of a voice in the window. @param outputs what was made of it. */
  learn(sure: boolean, outputs: readonly UtteranceOutput[]): void {
    this.sure ||= sure;
    for (const output of outputs) {
      if (output.kind !== 'speech') continue;
      if (output.event.state === 'possible') this.sure = sure;
      const misled = output.event.state === 'discarded' && this.looking && !this.sure;
      if (misled) this.eagerness = misledAt(this.eagerness, output.event.position);
    }
  }

  /** The next window follows on nothing. */
  reset(): void {
    this.eager.reset();
  }
}

interface HintedWindow {
  position: number;
  levelDbfs: number;
  hurry: boolean;
}
