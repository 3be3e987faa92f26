import { describe, expect, it } from 'vitest';
import type { Credentials } from '#shared/config/credentials.ts';
import { ACCOUNTS } from '#shared/contract/channel.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { Logins } from './login.ts';

const credentials = Object.fromEntries(
  ACCOUNTS.map((account) => [account, { username: account, password: `${account} secret` }]),
) as Credentials;

describe('a login', () => {
  const logins = new Logins(credentials);
  const check = (username?: string, password?: string) =>
    logins.check('127.0.0.1', username, password === undefined ? undefined : Buffer.from(password), 0);

  it('belongs to the account whose name and password it gives', () => {
    for (const account of ACCOUNTS) expect(check(account, `${account} secret`)).toEqual({ account });
  });

  it.each([
    [undefined, undefined, 'anonymous'],
    ['operator', undefined, 'anonymous'],
    ['operator', '', 'wrong'],
    ['operator', 'guest secret', 'wrong'],
    ['nobody', 'operator secret', 'wrong'],
    ['__proto__', 'operator secret', 'wrong'],
  ])('of %s with %s is refused: %s', (username, password, refused) => {
    expect(check(username, password)).toEqual({ refused });
  });

  it('with the right password is refused to an address that has been guessing, and to no other account there', () => {
    const fresh = new Logins(credentials);
    for (let n = 0; n < 10; n += 1) fresh.check('10.0.0.7', 'operator', Buffer.from(`guess ${n}`), 0);
    const right = Buffer.from('operator secret');
    expect(fresh.check('10.0.0.7', 'operator', right, 1)).toEqual({ refused: 'guessing' });
    expect(fresh.check('10.0.0.7', 'speaker', Buffer.from('speaker secret'), 1)).toEqual({ account: 'speaker' });
    expect(fresh.check('10.0.0.8', 'operator', right, 1)).toEqual({ account: 'operator' });
  });

  it('cannot be ambiguous: two accounts with one user name are a configuration error', () => {
    expect(() => new Logins({ ...credentials, operator: { username: 'guest', password: 'x' } })).toThrow(
      ConfigurationError,
    );
  });
});
