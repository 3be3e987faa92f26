import type { ProcessContext } from '#shared/lifecycle/run-process.ts';
import type { Camera, Capture, OpenCamera } from './camera.ts';
import { CLOSED, type Supervision, type SupervisionEvent, supervise, TICK_MS } from './supervision.ts';

export interface SupervisorListener {
  captured(capture: Capture): void;
  live(): void;
  lost(reason: string): void;
  ticked(atMs: number): void;
}

/** Keeps a camera open for as long as it is wanted, whatever happens to it. */
export class CameraSupervisor {
  private readonly camera: Camera;
  private readonly context: Pick<ProcessContext, 'clock' | 'meters' | 'log'>;
  private readonly listener: SupervisorListener;
  private readonly cancelTicks: () => void;
  private state: Supervision = CLOSED;
  private open: OpenCamera | undefined;
  /** Of the camera's present opening; what an earlier one still says is not heard. */
  private opening = 0;
  private closing: Promise<void> = Promise.resolve();

  constructor(camera: Camera, context: Pick<ProcessContext, 'clock' | 'meters' | 'log'>, listener: SupervisorListener) {
    this.camera = camera;
    this.context = context;
    this.listener = listener;
    this.cancelTicks = context.clock.every(TICK_MS, () => {
      const atMs = context.clock.nowMs();
      this.step({ type: 'ticked', atMs });
      listener.ticked(atMs);
    });
  }

  want(): void {
    this.step({ type: 'wanted', atMs: this.context.clock.nowMs() });
  }

  /** Resolves when the device is free. */
  unwant(): Promise<void> {
    this.step({ type: 'unwanted', atMs: this.context.clock.nowMs() });
    return this.closing;
  }

  pictureDecoded(): void {
    this.step({ type: 'pictureDecoded', atMs: this.context.clock.nowMs() });
  }

  stop(): Promise<void> {
    this.cancelTicks();
    return this.unwant();
  }

  private step(event: SupervisionEvent): void {
    const { meters, log } = this.context;
    const { state, effects } = supervise(this.state, event, this.camera.longestRetryMs);
    this.state = state;
    for (const effect of effects) {
      switch (effect.type) {
        case 'open':
          this.openCamera();
          break;
        case 'close':
          this.closeCamera();
          break;
        case 'reportLive':
          log.info({ camera: this.camera.name }, 'the camera delivers pictures');
          this.listener.live();
          break;
        case 'reportLost': {
          meters.count('cameraRestarts');
          const { reason, retryInMs, failures } = effect;
          // A camera that stays away fails for days; saying so twice is enough.
          log[failures <= 2 ? 'warn' : 'debug'](
            { camera: this.camera.name, reason, retryInMs },
            'no picture from the camera; opening it again',
          );
          this.listener.lost(reason);
          break;
        }
      }
    }
  }

  private openCamera(): void {
    this.opening += 1;
    const mine = this.opening;
    // The device must be free of its last user before the next one can have it.
    void this.closing.then(() => {
      if (mine !== this.opening) return;
      this.open = this.camera.open({
        captured: (capture) => {
          if (mine === this.opening) this.listener.captured(capture);
        },
        ended: (reason) => {
          if (mine === this.opening) this.step({ type: 'ended', atMs: this.context.clock.nowMs(), reason });
        },
      });
    });
  }

  private closeCamera(): void {
    this.opening += 1;
    const closing = this.open?.close();
    this.open = undefined;
    if (closing) this.closing = closing;
  }
}
