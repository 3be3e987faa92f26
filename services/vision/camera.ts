/** One picture as a source delivers it: a picture file of any kind sharp reads, or bare RGB pixels. */
export type Picture =
  | { readonly kind: 'file'; readonly bytes: Uint8Array }
  | { readonly kind: 'rgb'; readonly bytes: Uint8Array; readonly width: number; readonly height: number };

export interface Capture {
  readonly picture: Picture;
  /** Unix time in milliseconds: when the picture's first byte was here. */
  readonly capturedAtMs: number;
}

export interface CameraListener {
  captured(capture: Capture): void;
  /** The source has ended by itself and will deliver nothing more; `reason` is for people. */
  ended(reason: string): void;
}

export interface OpenCamera {
  /** Resolves when the device is free again. No capture is delivered after the call. */
  close(): Promise<void>;
}

/** The port: a source of pictures that can be opened again and again. */
export interface Camera {
  /** As a person would name it, e.g. "Raspberry Pi camera" or "test picture (SIMULATED)". */
  readonly name: string;
  /** Set where asking again costs nothing, so that no backoff beyond it is needed. */
  readonly longestRetryMs?: number;
  /** Opening fails by `ended`, never by throwing. */
  open(listener: CameraListener): OpenCamera;
}
