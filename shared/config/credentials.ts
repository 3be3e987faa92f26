import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ACCOUNTS, type Account } from '#shared/contract/channel.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';
import type { Settings } from './settings.ts';

const Login = z.object({ username: z.string(), password: z.string() });
export type Login = z.infer<typeof Login>;
export type Credentials = Record<Account, Login>;
const StoredCredentials = z.record(z.enum(ACCOUNTS), Login);

/**
 * Every account of the local broker, from `credentials.json` in the state folder; generated there (0600) at the first start.
 * CORTEX_MQTT_USERNAME and CORTEX_MQTT_PASSWORD take the operator's place. Safe when several processes start at once.
 * Throws ConfigurationError when the file is damaged.
 */
export function loadCredentials(settings: Pick<Settings, 'stateDir' | 'mqttUsername' | 'mqttPassword'>): Credentials {
  const path = join(settings.stateDir, 'credentials.json');
  const stored = read(path) ?? generate(path);
  return {
    ...stored,
    operator: {
      username: settings.mqttUsername ?? stored.operator.username,
      password: settings.mqttPassword ?? stored.operator.password,
    },
  };
}

/** The login a service uses: its own account at the local broker, the configured one at somebody else's. */
export function loginFor(account: Account, settings: Settings): Login {
  if (!settings.mqttUrl) return loadCredentials(settings)[account];
  return { username: settings.mqttUsername ?? '', password: settings.mqttPassword ?? '' };
}

function read(path: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigurationError(`${path} cannot be read (${messageOf(error)}): mend its permissions or delete it`);
  }
  try {
    return StoredCredentials.parse(JSON.parse(text)) as Credentials;
  } catch (error) {
    throw new ConfigurationError(`${path} is damaged: delete it, and the next start writes new credentials`, {
      cause: error,
    });
  }
}

function generate(path: string): Credentials {
  const login = (account: Account): Login => ({ username: account, password: randomBytes(24).toString('base64url') });
  const fresh = Object.fromEntries(ACCOUNTS.map((account) => [account, login(account)])) as Credentials;
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600 });
  try {
    // A hard link fails where the name is taken: of several processes starting at once, the first one's file stands.
    linkSync(draft, path);
    return fresh;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return read(path) ?? fresh;
  } finally {
    unlinkSync(draft);
  }
}
