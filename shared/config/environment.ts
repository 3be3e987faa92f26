import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `.env` in `folder`, overridden by what `environment` sets; an empty value sets nothing (`npm start` uses that to take a
 * variable back that an earlier start gave). A missing file is fine; an unreadable one is a ConfigurationError.
 */
export function withEnvFile(folder: string, environment: Environment): Environment {
  const path = join(folder, '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return environment;
    throw new ConfigurationError(`${path} cannot be read (${messageOf(error)}): mend its permissions or remove it`);
  }
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  return { ...parseEnv(text), ...set };
}
