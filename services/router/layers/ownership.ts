/**
 * Questions at which the model can only guess: it has no position, no map, and no memory beyond its session. Its own answer
 * is stopped and Layer 3 alone is heard. For the rest of what goes to Layers 1 and 3 the model's eyes are a good second,
 * unless it is offline.
 */
const GUIDES_ALONE: ReadonlySet<string> = new Set([
  'where-am-i',
  'navigate',
  'stop-navigation',
  'route-status',
  'nearby',
  'remember',
  'forget',
]);

export function isGuidesAlone(intent: string): boolean {
  return GUIDES_ALONE.has(intent);
}
