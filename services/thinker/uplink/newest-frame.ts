import { captureTimeMs } from '#shared/jpeg/capture-time.ts';
import { sceneNumber } from '#shared/jpeg/scene-number.ts';
import type { Shown } from './picture-thrift.ts';

/** An older picture shows another place: at walking pace the wearer has moved on by three metres. */
const MAX_AGE_MS = 2_000;

/** The newest picture of the camera, and whether it can still pass for what is there now. */
export class NewestFrame {
  private jpeg: Uint8Array | undefined;
  private takenAtMs = 0;
  private scene: number | undefined;
  private blocked = false;

  /**
   * @param jpeg the file; empty when the camera is blocked or gone. @param nowMs Unix milliseconds of its arrival, which
   * stand in where the file says no capture time. @param retained kept by the broker: its arrival says nothing.
   */
  show(jpeg: Uint8Array, nowMs: number, retained: boolean): void {
    this.jpeg = jpeg.length > 0 && !this.blocked ? jpeg : undefined;
    this.scene = sceneNumber(jpeg);
    // A camera layer whose clock is ahead must not make a picture fresh for as long as it is ahead.
    this.takenAtMs = Math.min(captureTimeMs(jpeg) ?? (retained ? 0 : nowMs), nowMs);
  }

  /** What the user has blocked is forgotten at once, whatever is still under way from the camera. */
  block(blocked: boolean): void {
    this.blocked = blocked;
    if (blocked) this.jpeg = undefined;
  }

  /** What the newest picture shows, and since when. */
  get shown(): Shown {
    return { scene: this.scene, takenAtMs: this.takenAtMs };
  }

  fresh(nowMs: number): Uint8Array | undefined {
    return nowMs - this.takenAtMs <= MAX_AGE_MS ? this.jpeg : undefined;
  }
}
