import { type Close, unknownField } from './close-causes.ts';

/** Which names an object may hold, and what below them; `any` where the server looks no further. */
export interface FieldTree {
  readonly [name: string]: FieldTree | 'any';
}

/** Below these, names belong to the caller (function arguments, schemas) and must not be rewritten. */
const CALLERS_OWN = new Set(['args', 'response', 'parameters', 'parametersJsonSchema', 'responseJsonSchema', 'labels']);

/** Python's SDK sends snake_case, JavaScript's camelCase; the server reads both, and null as a field left out. */
export function camelised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelised);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(
    entries.map(([name, inner]) => {
      const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      return [camel, CALLERS_OWN.has(camel) ? inner : camelised(inner)];
    }),
  );
}

/** The close for the first name in `value` that `tree` does not know. @param path in snake_case, for the reason text. */
export function firstUnknownField(value: unknown, tree: FieldTree, path: string): Close | undefined {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = firstUnknownField(item, tree, `${path}[${index}]`);
      if (found) return found;
    }
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const below = Object.hasOwn(tree, name) ? tree[name] : undefined;
    if (!below) return unknownField(name, path);
    if (below === 'any') continue;
    const found = firstUnknownField(inner, below, path ? `${path}.${snake(name)}` : snake(name));
    if (found) return found;
  }
  return undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
