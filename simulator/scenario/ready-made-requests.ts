import { HTTP_ERRORS, type Scenario } from './scenario.ts';

/** `http-ERROR`: every HTTP request is refused with it. */
const ERRORS = Object.fromEntries(
  HTTP_ERRORS.map((error): [string, Scenario] => [
    `http-${error}`,
    { description: `Every HTTP request is refused: ${error}`, requests: [{ error }] },
  ]),
);

/** What goes wrong with the HTTP calls of the fallback. */
export const READY_MADE_REQUESTS: Readonly<Record<string, Scenario>> = {
  ...ERRORS,
  'http-unavailable-once': {
    description: 'The first HTTP request is refused with 503',
    requests: [{ request: 1, error: 'unavailable' }],
  },
  'http-hangs': {
    description: 'HTTP requests are never answered',
    requests: [{ hang: true }],
  },
  'http-slow': {
    description: 'HTTP answers take 3 s, as the pipeline of old did',
    requests: [{ lateByMs: 3_000 }],
  },
  'http-cut': {
    description: 'The first HTTP answer breaks off in the middle',
    requests: [{ request: 1, drop: 'middle' }],
  },
  'http-no-speech': {
    description: 'Text is answered, speech is refused with 500',
    requests: [{ method: 'speech', error: 'internal' }],
  },
};
