import type { Layer } from '#shared/contract/layers.ts';
import { type Anchor, compilePhrase, type Phrase } from './phrase.ts';

/** The ways to say one thing, in the notation of phrase.ts, written for plain sentences (see normalise.ts). */
export interface Rule {
  /** Nothing else in the request. For short words that mean something else inside a sentence ("stop"). */
  whole?: readonly string[];
  /** The request starts so. */
  begins?: readonly string[];
  /** Said somewhere in the sentence. */
  anywhere?: readonly string[];
  /** Where one of these is said somewhere in the sentence, the rule does not hold. */
  unless?: readonly string[];
}

/** One readable file under rules/: everything that is said to one layer about one matter. */
export interface RuleFamily {
  layer: Layer;
  intents: Readonly<Record<string, Rule>>;
}

export interface CompiledRule {
  layer: Layer;
  intent: string;
  phrases: { phrase: Phrase; anchor: Anchor }[];
  unless: Phrase[];
}

const ANCHORS: readonly Anchor[] = ['whole', 'begins', 'anywhere'];

/** Throws RangeError on a phrase that is not well formed. */
export function compileFamily({ layer, intents }: RuleFamily): CompiledRule[] {
  return Object.entries(intents).map(([intent, rule]) => ({
    layer,
    intent,
    phrases: ANCHORS.flatMap((anchor) =>
      (rule[anchor] ?? []).map((notation) => ({ phrase: compilePhrase(notation, anchor), anchor })),
    ),
    unless: (rule.unless ?? []).map((notation) => compilePhrase(notation, 'anywhere')),
  }));
}
