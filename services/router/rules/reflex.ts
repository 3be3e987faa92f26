import type { RuleFamily } from '../routing/rule.ts';

const PLACE = '(in front of|ahead of|around|behind|next to|beside|near|before|above|below)';
/** What people and things do there. */
const POSTURE = '[standing|sitting|waiting|lying|left|parked|walking|going|queuing]';
const SPOTS =
  'here|ahead|around|nearby|behind|coming|approaching|outside|near me|close|in front|on (my|the|your) (left|right)|to (my|the) (left|right)|in (this|the|my) (room|street|picture|hallway|kitchen|way|image)|on (this|the|my) (table|shelf|desk|floor|chair|ground|wall|street|road|plate)';
const HERE = `(there|${SPOTS})`;
const THING =
  '(people|persons|person|men|women|man|woman|child|children|kids|dog|dogs|cat|cats|car|cars|bus|buses|bike|bikes|bicycles|truck|trucks|door|doors|window|windows|chair|chairs|seat|seats|table|tables|step|steps|stair|stairs|obstacle|obstacles|bottle|bottles|cup|cups|glass|traffic light|crosswalk|sign|signs|tree|trees|pole|poles)';

/** Layer 1: questions a local object detector answers in a moment. */
export const reflex: RuleFamily = {
  layer: 1,
  intents: {
    see: {
      whole: [
        '[tell me] what [else] (do|can) you see *',
        '[tell me] what [else] you [can] see *',
        `what [(else|things|objects|obstacles)] (is|are|lies|stands) [there] [right|directly] ${PLACE} (me|us) [right now]`,
        'what [(else|things|objects)] (is|are) [there] (on|to) (my|the) (left|right)',
        'what [(else|things|objects)] (is|are) [there] on (this|the|my) (table|shelf|desk|floor|chair|counter|plate)',
        'what is (here|there|ahead|around|nearby)',
        'what do we have *',
      ],
      unless: ['describe', 'explain', 'colour', 'in common', '(to|for) (eat|drink|dinner|lunch|breakfast)'],
    },
    count: {
      begins: [
        `how many _ (are|is) [there] ${POSTURE} (in|on|at|next to|behind) (front|this|the|my|me|us|here)`,
        'how many _ (do|can) you (see|count|spot)',
        `how many (${THING}|of (them|these|those)) (are|is) there`,
        `how many _ (are|is) [there] ${POSTURE} (${SPOTS})`,
        `how many _ (are|is) [there] ${POSTURE} ${PLACE} (me|us)`,
        'count [all] [the|how many|these|those]',
      ],
      unless: ['(a|the|this) (year|month|week|day|world|country)', 'count on', 'count as', 'count to'],
    },
    identify: {
      whole: [
        'what (is|are) (this|that|it|these|those) [thing|things|object] [i am (holding|touching|pointing at)]',
        'what (kind|sort|type) of (object|thing|_) (is|are) (this|that|it|these)',
        'what (is|are) (this|that|these|those) [thing|things|object] [right] (here|there|in my hand|in my hands|in front of me|on the table)',
        '[tell me] what am i (holding|touching|looking at|pointing at|feeling) [here]',
        '[tell me] what i am (holding|touching|looking at)',
        '(what|which _) (do i have|is) in my hand [s]',
        '(identify|recognise) [this|that|the|what] *',
        '(who|which person) is (this|that|here|it|there) [person|man|woman]',
        'who (this|that) is',
        `who (is|are) [that|the person|there] [standing|sitting|walking] [right] ${PLACE} (me|us)`,
        '(do|can) you (recognise|know) (this|that|him|her|them) [person|man|woman|thing|object]',
      ],
    },
    detect: {
      begins: [
        `(is|are) there [a|an|any|anybody|some|anything] * ${HERE}`,
        `(is|are) there [a|an|any|anybody|some|anything] * ${PLACE} (me|us)`,
        '(is|are) (there|a|an|any|some|the) _ (coming|approaching)',
        `(is|are) (a|an|any|some|the) ${THING} ${POSTURE} ${HERE}`,
        `(do|can) you see (a|an|any|anybody|some|the|my|our) *`,
        '(is|are) anybody (here|there|sitting|standing|near|coming|in|next|behind|walking|around|on|close|waiting)',
        '(is|are) there (anybody|people)',
      ],
      whole: [`(is|are) there (a|an|any|some) ${THING}`],
      unless: [
        'text',
        'written',
        'how',
        'why',
        'life',
        'point',
        'difference',
        'problem',
        '(pharmacy|restaurant|cafe|café|shop|shops|toilet|supermarket|station) *',
      ],
    },
  },
};
