/** How the server ends a session: the WebSocket close code and the reason text as the client sees it. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket close frame holds 125 bytes, two of them the code; Google's longer texts arrive cut. */
const MAX_REASON_BYTES = 123;

/** `reason` cut to what a close frame can carry, never in the middle of a character. */
export function cutReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
}

function close(code: number, reason: string): Close {
  return { code, reason: cutReason(reason) };
}

/** The closes that carry no name of the client's own, by cause. Codes and texts as recorded from the real server. */
export const CLOSE_CAUSES = {
  'bad-key': close(1007, 'API key not valid. Please pass a valid API key.'),
  'no-key': close(
    1008,
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  ),
  'invalid-argument': close(1007, 'Request contains an invalid argument.'),
  'activity-with-automatic-vad': close(
    1007,
    'Explicit activity control is not supported when automatic activity detection is enabled.',
  ),
  'empty-activity': close(1007, 'Precondition check failed.'),
  'media-chunks': close(1007, 'realtime_input.media_chunks is deprecated. Use audio, video, or text instead.'),
  'unknown-handle': close(1008, 'BidiGenerateContent session not found'),
  'go-away-ignored': close(
    1008,
    'Connection aborted because the client failed to close the connection after receiving a GoAway signal',
  ),
  quota: close(
    1011,
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.',
  ),
  'spend-cap': close(1011, 'Your project has exceeded its monthly spending cap. Please go to AI Studio to manage it.'),
  internal: close(1011, 'Internal error encountered.'),
  unavailable: close(1011, 'The service is currently unavailable.'),
  deadline: close(1011, 'Deadline expired before operation could complete.'),
  'tools-unsupported': close(1008, 'Operation is not implemented, or supported, or enabled.'),
  cancelled: close(1000, 'The operation was cancelled.'),
} as const satisfies Record<string, Close>;

export type CloseCause = keyof typeof CLOSE_CAUSES;

/** @param model as the client named it, `models/` included. */
export function unknownModel(model: string): Close {
  return close(
    1008,
    `${model} is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ListModels to see the list of available models and their supported methods.`,
  );
}

/** @param path of the object that holds the name, in the server's own snake_case; empty at the top. */
export function unknownField(name: string, path: string): Close {
  const where = path ? ` at '${path}'` : '';
  return close(1007, `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`);
}

export const UNREADABLE_JSON = close(1007, 'Invalid JSON payload received. Expected an object.');

/** The server takes one of `setup`, `clientContent`, `realtimeInput`, `toolResponse` a message. */
export function secondMessageKind(name: string): Close {
  return close(1007, `Invalid value (oneof), oneof field 'message_type' is already set. Cannot set '${name}'`);
}
