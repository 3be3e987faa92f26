import type { ToolDeclaration } from '#shared/contract/tools.ts';

/** What a session is opened with. */
export interface LiveRequest {
  /** Resumes the session this handle stands for; the old socket must be closed by then. */
  handle?: string;
  tools: readonly ToolDeclaration[];
}

/** One line of the conversation so far, as the model is told it. */
export interface HistoryLine {
  role: 'user' | 'model';
  text: string;
}

export interface ToolResponse {
  id: string;
  name: string;
  response: Record<string, unknown>;
}

/** What is said to the model. */
export type ClientMessage =
  | { type: 'activityStart' }
  | { type: 'activityEnd' }
  /** 16 kHz mono, 20 to 40 ms. */
  | { type: 'audio'; samples: Int16Array }
  /** One JPEG file. */
  | { type: 'picture'; jpeg: Uint8Array }
  /** A remark inside the running activity. */
  | { type: 'remark'; text: string }
  /** A whole question in text, with what the camera shows where a picture belongs to it. Starts an answer. */
  | { type: 'question'; text: string; jpeg?: Uint8Array }
  /** Lines the model takes in without answering. */
  | { type: 'history'; lines: readonly HistoryLine[] }
  /** Stops an answer without a word of the user. */
  | { type: 'hush' }
  | { type: 'toolResponses'; responses: readonly ToolResponse[] };

export type LiveEvent =
  /** One more step to the set-up is done: the TCP connection, TLS, the WebSocket. */
  | { type: 'progressed' }
  /** The set-up is confirmed; messages may be sent. */
  | { type: 'opened' }
  /** One parsed JSON message of the server, whatever it holds. */
  | { type: 'message'; message: unknown; bytes: number }
  /** A frame that is no JSON object. */
  | { type: 'unreadable'; bytes: number }
  /** `ping`: the number of the ping that is answered; NaN where the server says none. */
  | { type: 'ponged'; ping: number }
  /** The end, exactly once, whatever went wrong and when. `httpStatus` where the upgrade was answered with one. */
  | { type: 'closed'; code?: number; reason: string; httpStatus?: number };

/** The port to one Live WebSocket. It never throws and never hangs: every connection ends in one `closed` event. */
export interface LiveConnection {
  /** Bytes handed over that have not left this machine. */
  readonly bufferedBytes: number;
  /** Bytes handed over since the beginning. */
  readonly sentBytes: number;
  /** Returns false where the connection is not open; nothing is sent then. */
  send(message: ClientMessage): boolean;
  /** Returns false where the WebSocket is not open (the set-up may still be under way); nothing is sent then. */
  ping(number: number): boolean;
  /** Says goodbye; `closed` follows within half a second even from a peer that does not answer. */
  close(): void;
}

/** Opens a connection; the events begin after the call has returned. */
export type ConnectLive = (request: LiveRequest, listener: (event: LiveEvent) => void) => LiveConnection;
