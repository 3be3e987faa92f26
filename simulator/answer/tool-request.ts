import { isRecord } from '../live/field-tree.ts';
import type { ToolRequest } from '../live/session-state.ts';
import type { ToolDeclaration } from '../live/setup.ts';

/** The declared function whose name the question speaks ("read the sensor" asks for `read_sensor`), with made-up arguments. */
export function requestedTool(asked: string, tools: readonly ToolDeclaration[]): ToolRequest | undefined {
  const words = new Set(asked.toLowerCase().match(/[a-z0-9]+/g));
  const tool = tools.find(({ name }) => wordsOf(name).every((word) => words.has(word)));
  return tool && { name: tool.name, args: madeUpArguments(tool.parameters, asked) };
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

/** One value for each required parameter: the first of an enumeration, the question itself where a text is wanted. */
function madeUpArguments(schema: Record<string, unknown>, asked: string): Record<string, unknown> {
  const { properties, required } = schema;
  const demanded: unknown[] = Array.isArray(required) ? required : [];
  return Object.fromEntries(
    Object.entries(isRecord(properties) ? properties : {})
      .filter(([name]) => demanded.includes(name))
      .map(([name, property]) => [name, madeUpValue(property, asked)]),
  );
}

function madeUpValue(property: unknown, asked: string): unknown {
  if (!isRecord(property)) return null;
  const { enum: choices, type } = property;
  if (Array.isArray(choices)) return choices[0];
  switch (String(type).toLowerCase()) {
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return madeUpArguments(property, asked);
    default:
      return asked;
  }
}
