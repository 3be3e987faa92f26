import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { nearestName } from './nearest-name.ts';
import { SETTINGS, type Setting, type Settings } from './settings.ts';
import { withoutLogin } from './without-login.ts';

/** Prefixes under which an unknown name is most likely a slip of the pen. */
const OUR_PREFIXES = /^(CORTEX|VAD|GEMINI)_/;

/**
 * All settings from `environment` (already merged with `.env`). An empty value counts as unset.
 * Throws one ConfigurationError that names every wrong setting and what it may be.
 */
export function loadSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const settings: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, definition] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    const text = environment[definition.name] || definition.fallback;
    if (text === undefined) continue;
    const result = definition.schema.safeParse(text);
    if (result.success) settings[key] = result.data;
    else {
      const shown = definition.secret ? 'its value' : `"${withoutLogin(text)}"`;
      problems.push(`${definition.name}: ${shown} ${result.error.issues[0]?.message ?? 'is not valid'}`);
    }
  }
  if (problems.length > 0)
    throw new ConfigurationError(`wrong settings (environment or .env):\n  ${problems.join('\n  ')}`);
  return settings as Settings;
}

/** One sentence for each name in `environment` that looks like a setting of ours and is none, with the nearest real name. */
export function unknownSettings(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.values(SETTINGS).map((definition) => definition.name);
  return Object.keys(environment)
    .filter((name) => OUR_PREFIXES.test(name) && !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is no setting of this program and does nothing${nearest ? `; did you mean ${nearest}?` : ''}`;
    });
}
