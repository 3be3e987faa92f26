import type { ToolDeclaration } from '#shared/contract/tools.ts';

/** Every declaration is sent with each connection and billed with each turn. */
const MAX_BYTES = 8_000;
const MAX_DEPTH = 8;
/** The types of JSON Schema; Gemini knows no others. */
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/** Why Gemini would refuse this declaration (and with it the whole session), or undefined where it would not. */
export function problemOf(name: string, declaration: ToolDeclaration): string | undefined {
  if (declaration.name !== name) return `the name "${declaration.name}" must be the one in the topic, "${name}"`;
  if (declaration.description.trim() === '') return 'the description is empty: the model chooses tools by it';
  const { parameters } = declaration;
  if (JSON.stringify(declaration).length > MAX_BYTES) return `the declaration is longer than ${MAX_BYTES} bytes`;
  if (parameters === undefined) return undefined;
  if (parameters['type'] !== 'object') return 'parameters: the type must be "object"';
  return schemaProblem(parameters, 'parameters', 0);
}

function schemaProblem(schema: unknown, at: string, depth: number): string | undefined {
  if (!isObject(schema)) return `${at}: must be a JSON schema`;
  if (depth > MAX_DEPTH) return `${at}: nested deeper than ${MAX_DEPTH} levels`;
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  const composed = ['enum', 'const', 'anyOf', 'oneOf'].some((keyword) => keyword in schema);
  if (!composed && !types.every((type) => typeof type === 'string' && TYPES.includes(type))) {
    return `${at}: type must be one of ${TYPES.join(', ')}`;
  }
  const { properties, required, items } = schema;
  if (required !== undefined && !(Array.isArray(required) && required.every((key) => typeof key === 'string'))) {
    return `${at}: required must be a list of names`;
  }
  if (properties !== undefined && !isObject(properties)) return `${at}: properties must be an object`;
  for (const [key, property] of Object.entries(properties ?? {})) {
    const problem = schemaProblem(property, `${at}.${key}`, depth + 1);
    if (problem) return problem;
  }
  return items === undefined ? undefined : schemaProblem(items, `${at}[]`, depth + 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
