import type { Layer } from '#shared/contract/layers.ts';
import { guide } from '../rules/guide.ts';
import { IGNORED } from '../rules/ignored.ts';
import { reflex } from '../rules/reflex.ts';
import { safety } from '../rules/safety.ts';
import { spokenControl } from '../rules/spoken-control.ts';
import { thinker } from '../rules/thinker.ts';
import { requestsOf, type Sentence, sentencesOf } from './normalise.ts';
import { type Anchor, compilePhrase, type Phrase } from './phrase.ts';
import { type CompiledRule, compileFamily, type RuleFamily } from './rule.ts';

export interface Route {
  layer: Layer;
  intent: string;
  /** 0 to 1: how much of what was said the rule accounts for. */
  confidence: number;
  /** The numeral in a request that has one ("volume to 50 percent"). */
  number?: number;
}

interface Candidate {
  route: Route;
  score: number;
}

/** The order decides between rules that match equally well. */
const FAMILIES: readonly RuleFamily[] = [safety, spokenControl, guide, reflex, thinker];
const RULES: readonly CompiledRule[] = FAMILIES.flatMap(compileFamily);
const NOISE: readonly Phrase[] = IGNORED.map((notation) => compilePhrase(notation, 'whole'));

/** How sure a match of each kind is. */
const CONFIDENCE: Record<Anchor, number> = { whole: 0.98, begins: 0.9, anywhere: 0.8 };
/** A phrase that is all that was said beats a longer one inside a sentence by this many words' worth. */
const ANCHOR_SCORE: Record<Anchor, number> = { whole: 3, begins: 1, anywhere: 0 };
const OPEN: Route = { layer: 2, intent: 'open', confidence: 0.6 };
/**
 * "…do not turn off the camera": within this many words before a phrase, a negation takes its meaning away. Not so where
 * it is the knowing that is negated: "I do not know where I am" asks.
 */
const NEGATION =
  /(?:^| )(?:not(?! (?:know|sure|certain|remember|recall|understand)\b)|never|without|nobody|no longer)(?: [^ ]+){0,5} $/;

/**
 * Where a transcript belongs, or undefined where nothing was really said (noise that a recogniser turned into words).
 * The last sentence that says something definite decides ("Stop. Take me home." asks for the way home), but a cry for help
 * decides wherever it stands, and a stop that is followed by more is no stop.
 */
export function route(transcript: string): Route | undefined {
  const sentences = sentencesOf(transcript);
  const texts = sentences.map(({ text }) => text);
  if (isNoise(texts.join(' ')) || texts.every(isNoise)) return undefined;
  return lastDefinite(sentences.filter(({ text }) => !isNoise(text)).map(routeSentence));
}

/** Has the phrases compiled: V8 does it at a pattern's first use, and again, to machine code, at its second. About 20 ms. */
export function warmUp(): void {
  for (const sentence of ['what do you see', 'take me to the station', 'hello']) route(sentence);
}

function isNoise(text: string): boolean {
  return NOISE.some((phrase) => phrase.find(text));
}

function routeSentence({ text, clauses }: Sentence): Route {
  const whole = routeText(text);
  return isVague(whole) && clauses.length > 1 ? (lastDefinite(clauses.map(routeText)) ?? whole) : whole;
}

function lastDefinite(routes: readonly Route[]): Route | undefined {
  let decided: Route | undefined;
  for (const found of routes) {
    if (found.layer === 0) return found;
    if (!decided || !isVague(found) || decided.intent === 'stop') decided = found;
  }
  return decided;
}

function isVague({ intent }: Route): boolean {
  return intent === 'open' || intent === 'answer';
}

function routeText(text: string): Route {
  const requests = requestsOf(text);
  let best: Candidate | undefined;
  for (const rule of RULES) {
    const candidate = candidateOf(rule, text, requests);
    if (candidate?.route.layer === 0) return candidate.route;
    if (candidate && (!best || candidate.score > best.score)) best = candidate;
  }
  return best?.route ?? OPEN;
}

function candidateOf(rule: CompiledRule, text: string, requests: readonly string[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const { phrase, anchor } of rule.phrases) {
    for (const form of anchor === 'anywhere' ? [text] : requests) {
      const match = phrase.find(form);
      if (!match || NEGATION.test(form.slice(0, match.start))) continue;
      const score = match.spelledWords + ANCHOR_SCORE[anchor];
      if (best && best.score >= score) continue;
      const number = match.number === undefined ? {} : { number: match.number };
      best = { route: { layer: rule.layer, intent: rule.intent, confidence: CONFIDENCE[anchor], ...number }, score };
    }
  }
  return best && rule.unless.some((phrase) => phrase.find(text)) ? undefined : best;
}
