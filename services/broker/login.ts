import { createHash, timingSafeEqual } from 'node:crypto';
import type { Credentials } from '#shared/config/credentials.ts';
import { ACCOUNTS, type Account } from '#shared/contract/channel.ts';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { GuessLimit } from './guess-limit.ts';

export type LoginOutcome =
  | { account: Account }
  /** anonymous: no user name or password. wrong: no such pair. guessing: not even looked at, see `GuessLimit`. */
  | { refused: 'anonymous' | 'wrong' | 'guessing' };

/** Finds the account that belongs to a user name and password. */
export class Logins {
  private readonly byUsername = new Map<string, { account: Account; digest: Buffer }>();
  private readonly guesses = new GuessLimit();

  /** Throws ConfigurationError when two accounts have one user name: the rights would depend on chance. */
  constructor(credentials: Credentials) {
    for (const account of ACCOUNTS) {
      const login = credentials[account];
      const rival = this.byUsername.get(login.username)?.account;
      if (rival) {
        throw new ConfigurationError(
          `accounts ${rival} and ${account} have the same user name "${login.username}": change CORTEX_MQTT_USERNAME`,
        );
      }
      this.byUsername.set(login.username, { account, digest: sha256(login.password) });
    }
  }

  /** @param address where the attempt comes from; wrong passwords are limited per address and user name. */
  check(address: string, username: string | undefined, password: Uint8Array | undefined, nowMs: number): LoginOutcome {
    if (!username || !password) return { refused: 'anonymous' };
    const known = this.byUsername.get(username);
    const digest = sha256(password);
    // One tally for all unknown names, so that inventing names buys neither guesses nor memory.
    const source = `${address} ${known ? username : ''}`;
    const guess = digest.toString('base64');
    if (!this.guesses.mayTry(source, guess, nowMs)) return { refused: 'guessing' };
    if (known && timingSafeEqual(known.digest, digest)) return { account: known.account };
    this.guesses.wasWrong(source, guess, nowMs);
    return { refused: 'wrong' };
  }
}

function sha256(secret: string | Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}
