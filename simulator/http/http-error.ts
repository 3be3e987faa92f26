import type { HttpErrorName } from '../scenario/scenario.ts';

/** An error as Google's HTTP API words it: `status` of the response and its JSON body. */
export interface HttpError {
  status: number;
  body: { error: { code: number; message: string; status: string; details?: unknown[] } };
}

const QUOTA_TEXT =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';
const RETRY_SECONDS = 7;

function httpError(code: number, status: string, message: string, details?: unknown[]): HttpError {
  return { status: code, body: { error: { code, message, status, ...(details && { details }) } } };
}

function quota(quotaId: string): HttpError {
  return httpError(429, 'RESOURCE_EXHAUSTED', `${QUOTA_TEXT} Please retry in ${RETRY_SECONDS}s.`, [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        {
          quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
          quotaId,
          quotaDimensions: { location: 'global', model: 'gemini-3.8-flash' },
          quotaValue: '10',
        },
      ],
    },
    { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
    { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${RETRY_SECONDS}s` },
  ]);
}

function errorInfo(reason: string): unknown {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'googleapis.com',
    metadata: { service: 'generativelanguage.googleapis.com' },
  };
}

/** One of the errors a client must tell apart. @param model as in the request's path. */
export function namedHttpError(name: HttpErrorName, model: string): HttpError {
  switch (name) {
    case 'bad-key':
      return httpError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
        errorInfo('API_KEY_INVALID'),
      ]);
    case 'unauthenticated':
      return httpError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    case 'forbidden':
      return httpError(
        403,
        'PERMISSION_DENIED',
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
      );
    case 'unknown-model':
      return httpError(
        404,
        'NOT_FOUND',
        `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
      );
    case 'quota-per-minute':
      return quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier');
    case 'quota-per-day':
      return quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier');
    case 'internal':
      return httpError(500, 'INTERNAL', 'An internal error has occurred. Please retry.');
    case 'unavailable':
      return httpError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.');
    case 'deadline':
      return httpError(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.');
  }
}

export function invalidRequest(message: string): HttpError {
  return httpError(400, 'INVALID_ARGUMENT', message);
}
