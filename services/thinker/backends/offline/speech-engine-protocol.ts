/**
 * What thinker and the speech engine's process say to each other over Node's IPC channel, with the structured clone
 * («advanced») serialisation, so that samples travel as they are.
 */
export type EngineRequest =
  /** `samples` are 16 kHz mono. */
  | { readonly id: number; readonly kind: 'recognise'; readonly folder: string; readonly samples: Int16Array }
  | { readonly id: number; readonly kind: 'speak'; readonly folder: string; readonly text: string }
  | { readonly id: number; readonly kind: 'load'; readonly folder: string; readonly role: 'recogniser' | 'voice' }
  /** Nobody waits for `id` any more: it is not begun, or broken off where the library allows it, and answered all the same. */
  | { readonly id: number; readonly kind: 'cancel' };

export type EngineReply =
  | { readonly id: number; readonly kind: 'recognised'; readonly text: string }
  | { readonly id: number; readonly kind: 'spoken'; readonly samples: Int16Array; readonly sampleRateHz: number }
  | { readonly id: number; readonly kind: 'loaded' }
  /** It was cancelled before it was begun. */
  | { readonly id: number; readonly kind: 'dropped' }
  | { readonly id: number; readonly kind: 'failed'; readonly message: string };
