import type { Symptom } from '../failure.ts';
import type { LiveEvent } from './live-connection.ts';

export type LiveEnd = Omit<Extract<LiveEvent, { type: 'closed' }>, 'type'>;

/** Node's and OpenSSL's words for a certificate that is not accepted. */
const CERTIFICATE = /certificate|altname|UNABLE_TO_VERIFY/i;
/** ws's own code for a socket that ended without a goodbye. */
const NO_GOODBYE = 1006;

/** The end of a Live connection in the terms of the classification. */
export function liveSymptom({ code, httpStatus, reason }: LiveEnd): Symptom {
  if (httpStatus !== undefined) {
    // The upgrade was answered like a page: a captive portal, and not Google.
    return httpStatus < 400 ? { over: 'live', sign: 'foreign', reason } : { over: 'live', httpStatus, reason };
  }
  if (code !== undefined && code !== NO_GOODBYE) return { over: 'live', code, reason };
  return { over: 'live', sign: CERTIFICATE.test(reason) ? 'untrusted' : 'unreachable', reason };
}
