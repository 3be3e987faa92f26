import type { RuleFamily } from '../routing/rule.ts';

/** Doing something with a thing; ways and places are the guide's. */
const HOW_TO =
  'how (do|can|should|would|must) (i|we|you|one) (use|operate|open|close|fix|repair|clean|wear|install|charge|connect|start|switch|turn on|turn off)';
const YES =
  '(yes|yeah|yep|yup|sure|of course|certainly|definitely|right|correct|exactly|okay|ok|alright|fine|absolutely)';

/** Layer 2, named so that other layers can tell the questions apart. What no rule knows goes to the thinker as `open`. */
export const thinker: RuleFamily = {
  layer: 2,
  intents: {
    describe: {
      begins: [
        'describe',
        'give me a [detailed|short|quick] description',
        'what (does|do) _ look like',
        'what _ (looks|look) like',
      ],
      anywhere: [
        '(can|could|would) you describe',
        '(what|which) colour (is|are)',
        'what (is|are) the (colour|colours) of',
        'how (do|does) (i|my|this|that|the|it) * look',
      ],
    },
    explain: {
      begins: ['explain', '[tell me] (why|how come)', 'how (does|do) (a|an|the|this|that|it) * work', HOW_TO],
      anywhere: ['(can|could|would) you [please] explain', 'explain (to me|this|that|what|how|why)'],
      unless: ['stop'],
    },
    read: {
      begins: [
        'read (this|that|it|the|me|what|out|to|aloud|my|again|everything)',
        'what (does|do) [it|this|that|these|the|my] * say',
        'what [it|this|that|the|my] _ (says|say)',
        'what is (written|printed) *',
        '(is|are) there [any|some] (text|writing|words|letters|[anything|something] [written|printed]) (on|in|here|there) *',
        '(is|are) there [any|some] (text|writing)',
        '(is|are) (anything|something) (written|printed) *',
        '(is|are) there (anything|something) (written|printed|to read) *',
        'what is the (expiry|expiration|best before|use by) date',
        'when (does|do|will) _ expire',
      ],
      anywhere: ['(can|could|would) you read'],
      unless: ['what did', 'about (this|that) say', 'what you', 'people say'],
    },
    answer: {
      whole: [
        `${YES} [${YES}] [please|go ahead|do it|do that|why not]`,
        '(sounds|that is|that sounds|it is|that would be) [very|really] (good|fine|right|great|perfect|correct|nice|okay|ok)',
        '(why not|go ahead|if you like|i would love that)',
        '(no|nope|nah|not really|not now|not right now|not yet|of course not) [thanks|thank you|please|no|not now]',
      ],
      begins: ['(yes|yeah|yep) (that|this|the|it|i|please|go)', '(no|nope) (no|that|this|the|it|i|not)'],
    },
    time: {
      whole: [
        '[tell me|do you know] [what|what is] [the] (time|date) [is it|it is] [now|right now|today]',
        '(what|which) (time|day|date|year|month) (is it|is today|is it today|do we have) [now|today|right now]',
        '[tell me|do you know] what (time|day|date) it is [now|today|right now]',
        'what is (the|today s) (time|date|day) [today|now|right now]',
        'how late is it',
      ],
    },
    battery: {
      whole: [
        '[the|your] battery [level|status|charge] [left]',
        '(what|how|how full) is (the|your) battery [level|status|charge|doing]',
        'what is (the|your) (battery|charge) level',
        'how much (battery|charge|power|battery power) (is [there] left|do you have [left]|is remaining|have you got [left]|left)',
        'is (the|your) battery [still|nearly|almost] (low|full|empty|ok|okay|charged|good)',
        '(do|must|should) i [need to|have to] charge (you|the battery|it)',
        'do you need (charging|to be charged)',
        'how long (will|does|can) (the|your) battery (last|hold)',
      ],
    },
  },
};
