import type { Bus } from '#shared/bus/bus.ts';
import { type Speech, speech } from '#shared/contract/audio-in.ts';
import { interrupt, type RuntimeSettings, runtimeSettings } from '#shared/contract/control.ts';
import { type Playback, playback } from '#shared/contract/speaker.ts';
import { replyPcm, replyResend } from '#shared/contract/thinker.ts';
import { type PcmPublisher, startPcmPublisher } from '#shared/pcm/pcm-publisher.ts';
import { REPLY_RATE_HZ } from '#shared/pcm/rates.ts';
import type { TestStack } from '../../test/integration/harness/test-stack.ts';
import type { Recording, VirtualSoundCard } from '../../test/integration/harness/virtual-sound-card.ts';
import type { Watched } from '../../test/integration/harness/watched.ts';
import { speakTone } from '../loudspeaker.ts';
import { RATE_HZ } from '../sounds.ts';

/** What audio-in said about speech, and when (`performance.now()`) the sound was captured that made it say so. */
export interface Heard extends Pick<Speech, 'state' | 'speechMs'> {
  atMs: number;
}

const REPLY_SECONDS = 55;
/** A reply that has been spoken for so long may end before the next trials do. */
const REPLY_USED_MS = 40_000;
/** The clocks of fresh recordings settle. */
const SETTLE_MS = 1_500;

/** A stack on a virtual sound card, with a reply that sounds for as long as it is wanted. */
export class Scene {
  readonly card: VirtualSoundCard;
  readonly bus: Bus;
  readonly heard: Heard[] = [];
  private readonly publisher: PcmPublisher;
  private readonly playbacks: Watched<Playback>;
  private turn = Math.floor(Date.now() / 1_000);
  private replyBeganMs: number | undefined;

  private constructor(card: VirtualSoundCard, bus: Bus, publisher: PcmPublisher, playbacks: Watched<Playback>) {
    [this.card, this.bus, this.publisher, this.playbacks] = [card, bus, publisher, playbacks];
  }

  static async of(card: VirtualSoundCard, stack: TestStack): Promise<Scene> {
    const pcm = { pcm: replyPcm, resend: replyResend };
    const publisher = await startPcmPublisher(stack.connect('thinker'), pcm, 60 * REPLY_RATE_HZ);
    const scene = new Scene(card, stack.bus, publisher, await stack.watch(playback));
    await stack.bus.subscribe(speech, ({ payload: { state, speechMs, at } }) => {
      scene.heard.push({ state, speechMs, atMs: at - performance.timeOrigin });
    });
    return scene;
  }

  /** Sets all run-time switches: those that are not named are as the processes were started. */
  set(switches: RuntimeSettings): void {
    this.bus.publish(runtimeSettings, switches);
  }

  /** A reply sounds, and will for the next 15 s. */
  async keepReplying(): Promise<void> {
    if (this.replyBeganMs !== undefined && performance.now() - this.replyBeganMs < REPLY_USED_MS) return;
    await this.silence();
    this.turn += 1;
    speakTone(this.publisher, this.turn, REPLY_SECONDS);
    await this.playbacks.next(({ turn, state }) => turn === this.turn && state === 'started');
    this.replyBeganMs = performance.now();
  }

  /** No reply sounds. */
  async silence(): Promise<void> {
    if (this.replyBeganMs === undefined) return;
    this.replyBeganMs = undefined;
    this.bus.publish(interrupt, { id: `bench-${this.turn}`, source: 'operator', at: Date.now() });
    await this.playbacks.next(({ turn, state }) => turn === this.turn && state === 'interrupted');
  }

  /** Records microphone and loudspeaker meanwhile. */
  async recorded<Result>(work: (microphone: Recording, loudspeaker: Recording) => Promise<Result>): Promise<Result> {
    const microphone = await this.card.record('mic', RATE_HZ);
    const loudspeaker = await this.card.record('speaker', REPLY_RATE_HZ);
    await pause(SETTLE_MS);
    const result = await work(microphone, loudspeaker);
    await Promise.all([microphone.stop(), loudspeaker.stop()]);
    return result;
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
