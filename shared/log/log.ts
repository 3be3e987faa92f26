import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * JSON lines with static messages and fields. Transcripts and pictures are logged at debug at most, keys never.
 * Writes through `process.stdout`, not the file descriptor: PM2's cluster mode captures the former only, and PortAudio's
 * chatter goes to the latter.
 */
export function createLog(service: string, level: string, destination: DestinationStream = process.stdout): Log {
  return pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
