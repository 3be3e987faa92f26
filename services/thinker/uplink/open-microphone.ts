import type { Meters } from '#shared/metrics/meters.ts';
import { MICROPHONE_RATE_HZ } from '#shared/pcm/rates.ts';
import type { Clock } from '#shared/time/clock.ts';
import type { NewestFrame } from './newest-frame.ts';
import type { PictureRoom } from './picture-room.ts';
import type { UplinkSink } from './uplink.ts';
import { PICTURE_LIMIT_BYTES, PICTURE_PERIOD_MS, RETRY_MS, SOUND_LIMIT_BYTES } from './uplink-limits.ts';

export interface OpenMicrophoneOptions {
  clock: Clock;
  meters: Meters;
  camera: NewestFrame;
  room: PictureRoom;
  /** Pictures go along only while a turn is under way. */
  inTurn(): boolean;
}

/** Kept while there is no connection or the network is slow; what is older is dropped and counted, the oldest first. */
const MAX_KEPT_SAMPLES = 30 * MICROPHONE_RATE_HZ;

/** The uplink where Gemini itself decides the turns (`VAD_MODE=server`): one stream of sound without activities. */
export class OpenMicrophone {
  private readonly options: OpenMicrophoneOptions;
  private sink: UplinkSink | undefined;
  private chunks: Int16Array[] = [];
  private kept = 0;
  private pictureAtMs = Number.NEGATIVE_INFINITY;
  private picture: Uint8Array | undefined;
  private cancelRetry: (() => void) | undefined;

  constructor(options: OpenMicrophoneOptions) {
    this.options = options;
  }

  /** 16 kHz mono, in order. */
  hear(samples: Int16Array): void {
    this.chunks.push(samples);
    this.kept += samples.length;
    while (this.kept > MAX_KEPT_SAMPLES) {
      const dropped = this.chunks.shift()?.length ?? 0;
      this.kept -= dropped;
      this.options.meters.count('questionSamplesDropped', dropped);
    }
    this.pump();
  }

  attach(sink: UplinkSink): void {
    this.sink = sink;
    this.picture = undefined;
    this.options.room.begin(sink.sentBytes);
    this.pump();
  }

  detach(): void {
    this.sink = undefined;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
  }

  pump(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    const { sink } = this;
    if (!sink) return;
    for (let chunk = this.chunks[0]; chunk; chunk = this.chunks[0]) {
      if (sink.bufferedBytes > SOUND_LIMIT_BYTES) {
        this.cancelRetry = this.options.clock.after(RETRY_MS, () => this.pump());
        return;
      }
      sink.send({ type: 'audio', samples: chunk });
      this.options.room.sent(sink.sentBytes);
      this.chunks.shift();
      this.kept -= chunk.length;
    }
    this.sendPicture(sink);
  }

  private sendPicture(sink: UplinkSink): void {
    const nowMs = this.options.clock.nowMs();
    if (!this.options.inTurn() || nowMs - this.pictureAtMs < PICTURE_PERIOD_MS) return;
    const jpeg = this.options.camera.fresh(nowMs);
    const full = sink.bufferedBytes > PICTURE_LIMIT_BYTES || this.options.room.verdict === 'full';
    if (!jpeg || jpeg === this.picture || full) return;
    this.picture = jpeg;
    this.pictureAtMs = nowMs;
    sink.send({ type: 'picture', jpeg });
  }
}
