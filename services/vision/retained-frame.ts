/**
 * The frame the broker keeps for whoever subscribes next. A picture older than two seconds must not be taken for the
 * present, so it is withdrawn before that when the camera has nothing newer.
 */
export class RetainedFrame {
  private readonly publish: (jpeg: Uint8Array) => void;
  /** Capture time of the frame the broker has; undefined where it has none. */
  private shownAtMs: number | undefined;

  /** @param startedAtMs a process before us may have left a frame, which was new at this time at best. */
  constructor(publish: (jpeg: Uint8Array) => void, startedAtMs: number) {
    this.publish = publish;
    this.shownAtMs = startedAtMs;
  }

  show(jpeg: Uint8Array, capturedAtMs: number): void {
    this.shownAtMs = capturedAtMs;
    this.publish(jpeg);
  }

  clear(): void {
    this.shownAtMs = undefined;
    this.publish(new Uint8Array(0));
  }

  /**
   * To be called a few times a second. @param decodedAtMs when the camera last delivered a picture: one that does so
   * and only publishes rarely, because CORTEX_VIDEO_FPS says so, is well, and the capture time in its frames tells all.
   */
  expire(nowMs: number, decodedAtMs: number): boolean {
    if (this.shownAtMs === undefined || nowMs - this.shownAtMs < EXPIRES_MS || nowMs - decodedAtMs < SILENT_MS) {
      return false;
    }
    this.clear();
    return true;
  }
}

/** With the tick that finds it out and the way over the bus this stays below two seconds. */
const EXPIRES_MS = 1_700;
const SILENT_MS = 500;
