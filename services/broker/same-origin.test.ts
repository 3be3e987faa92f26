import { expect, it } from 'vitest';
import { isSameOrigin } from './same-origin.ts';

it.each([
  ['a program on this machine', { host: '127.0.0.1:8080' }, true],
  ['our page', { host: 'localhost:8080', origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }, true],
  ['our address typed by hand', { host: '[::1]:8080', 'sec-fetch-site': 'none' }, true],
  ['a page elsewhere', { host: 'localhost:8080', origin: 'https://elsewhere.example' }, false],
  ['a page on another port of this machine', { host: 'localhost:8080', origin: 'http://localhost:3000' }, false],
  ['a page in a sandbox', { host: 'localhost:8080', origin: 'null' }, false],
  ['a picture tag elsewhere', { host: 'localhost:8080', 'sec-fetch-site': 'cross-site' }, false],
  [
    'a foreign name that resolves to us',
    { host: 'rebound.example:8080', origin: 'http://rebound.example:8080' },
    false,
  ],
  ['no host at all', {}, false],
])('a request of %s: %s', (_who, headers, ours) => {
  expect(isSameOrigin(headers)).toBe(ours);
});
