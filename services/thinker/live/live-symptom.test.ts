import { expect, it } from 'vitest';
import { liveSymptom } from './live-symptom.ts';

/** How each end of a Live connection is translated; what it means then is the table of failure.test.ts. */
it.each([
  ['a close with a code', { code: 1011, reason: 'Internal' }, { code: 1011 }],
  ['an upgrade that is refused', { httpStatus: 429, reason: '{}' }, { httpStatus: 429 }],
  ['an upgrade that is answered with a page', { httpStatus: 302, reason: '<html>' }, { sign: 'foreign' }],
  ['a socket that ended without a goodbye', { code: 1006, reason: '' }, { sign: 'unreachable' }],
  ['a connection that never stood', { reason: 'connect ECONNREFUSED' }, { sign: 'unreachable' }],
  ['a certificate that is not accepted', { code: 1006, reason: 'self-signed certificate' }, { sign: 'untrusted' }],
])('%s', (_name, { reason, ...end }, symptom) => {
  expect(liveSymptom({ reason, ...end })).toEqual({ over: 'live', reason, ...symptom });
});
