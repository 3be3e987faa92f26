import type { RuleFamily } from '../routing/rule.ts';

const NAVIGATION = '[the|this|my] [route|turn by turn] (navigation|navigating|route|directions|guidance)';
/** What is looked up on a map, not with the camera. */
const PLACE =
  '(pharmacy|restaurant|restaurants|cafe|cafes|café|cafés|shop|shops|toilet|toilets|restroom|supermarket|station|bus stop|tram stop|stop|bank|atm|hospital|doctor|bakery|hotel|park|post office|bar|school|subway)';
/** A thing of one's own, or a part of the building: the guide's spatial memory knows it. */
const LOST_THING = '(my|our|the) _';

/** Layer 3: position, navigation, memory and things in space. The thinker must never guess at these. */
export const guide: RuleFamily = {
  layer: 3,
  intents: {
    'where-am-i': {
      whole: [
        '(where|at which place) [exactly|on earth|the hell] (am i|are we) [exactly|here] [right now]',
        'i (am|got|have got) [completely|totally|a bit] lost',
        '(what|which) part of (town|the city|the town) (am i|are we|is this) [in]',
      ],
      anywhere: [
        'where [exactly] (am i|are we) [right] [now|standing|exactly]',
        'where (i am|we are) [right] [now|exactly]',
        '(what|which) part of (town|the city|the town) (am i|are we|is this)',
        'name of (this|the) (street|road|place|square|town|station|stop)',
        '(what|which) (street|road|avenue|square|place|neighbourhood|district|city|town|village|station|stop) (is this|is it|am i (on|in|at)|are we (on|in|at))',
        '(my|our|the) (current|exact|present) (location|position|address)',
        'what is (my|our|the) (location|position|gps position)',
        'what (is the|s the) address (here|of this place)',
      ],
      unless: ['wrong', 'in (my|your) (life|story|book)', 'with this', 'going wrong'],
    },
    navigate: {
      begins: [
        '(take|bring|walk|lead|guide|drive|navigate|get) (me|us) (to|home|back|there|into|out)',
        'help me (get|go) (to|home|back|there)',
        '(find|plan|calculate|get) [me|us] (a|the) [best|fastest|shortest|quickest] (route|way|path) (to|home)',
        'navigate [me|us|back] (to|home)',
        '(which|what) (way|direction) is (it|the|_) to',
        '(what|which|where) is the [best|shortest|quickest|fastest] way (to|home|back|there|out)',
        '[tell me|show me] how (do|can|could|would) (i|we) get (to|home|there|back|out|from)',
        '(give|show) me [the] (directions|way|route) (to|home)',
        'show me [the] way',
        'directions (to|home)',
        'i (want|need|would like|have) to (go|get|walk|head|travel|come) (to|home|back to|back home|there)',
        '(go|walk|head) (home|to the)',
        '(start|resume|continue|begin) [the] (navigation|navigating|route|guidance)',
        'let us (go|walk|head) (to|home)',
      ],
      unless: [
        'to (sleep|bed|be|know|work out|see you|hell|pieces|rest)',
        'to (sleep|bed) *',
        'go to (sleep|bed|university|college|work)',
        'through',
        'step by step',
        'get to (sleep|know|work|be|do|the point)',
        'to the point',
      ],
    },
    'stop-navigation': {
      begins: [
        `(stop|end|cancel|quit|exit|finish|abort|leave|pause) ${NAVIGATION}`,
        `(turn|switch) off ${NAVIGATION}`,
        `(turn|switch) ${NAVIGATION} off`,
        'stop (guiding|leading|navigating|directing) [me|us]',
        '(stop|quit) (giving|telling|reading) [me|us] [the|any|your] (directions|way|route|navigation)',
        'do not (take|guide|navigate|lead) me [there|anywhere] (any (more|longer)|anymore)',
        'i do not need [the|any|your] (directions|navigation|guidance|route) [any (more|longer)|anymore]',
        'navigation off',
      ],
    },
    'route-status': {
      whole: [
        'how (far|long|much (further|farther|longer|more time)) (is it|is it still|do we have|to go|will it take) [(until|till|before) (we|i) (arrive|are there|get there)]',
        'how (far|long|much (further|farther|longer)|many (minutes|hours|metres|meters|kilometres|miles|stops|steps|blocks)) (until|till|before|to go|are left) [(we|i) (arrive|are there|get there|have to get off)]',
        'how long (will|does) it take (us|me|to get there) [to get there]',
        'how (far|much (further|farther|longer))',
        'are we (there|nearly there|close|almost there) [yet]',
        '(when|at what time) (do|will) (we|i) (arrive|get there|be there)',
        '(what|where|when) is (the|my) next (turn|turning|step|direction|instruction)',
        '(which|what) (way|direction) [do|should|must] (i|we) (go|turn|walk)',
        'where (do|should) (i|we) (go|turn|walk) [next|from here]',
        '(do|should|must) (i|we) [have to] (turn|go|walk) (left|right|straight) [ahead] [or (left|right|straight)] [ahead] [next]',
      ],
      begins: ['how far (is it|am i|are we|away) * (to|from|until)'],
      unless: ['moon', 'sun'],
    },
    nearby: {
      anywhere: [
        '(where is|find|show me|what is|which is|is there) [me] (the|a|an) (nearest|closest) _',
        'where is the next _',
        `(is there|are there|find|find me|know) [a|an|any] * ${PLACE} * (nearby|near|close by|around|close|in the area)`,
        '(what|which) (shops|places|restaurants|streets|stops|cafes) (are|is) [there] (nearby|near|around|close)',
        `where (is|are) (a|the|there a) ${PLACE}`,
        `where (can|could|do) i (find|get) (a|an|the|some) _`,
      ],
    },
    remember: {
      begins: [
        '(remember|memorise|note|note down) (this|that|where|my|the|these|it|who|what|how)',
        '(make|take|save) a (note|reminder) (that|of|about|to)',
        'remind me (to|that|about|of|in|at|when|tomorrow|on|every)',
        '(save|store|mark|bookmark) (this|my) (place|location|position|spot|face|person|room)',
        'do not (let me forget|forget) (to|that|my|the|about)',
      ],
      unless: ['remember when', 'remember the (time|day)', 'like and subscribe'],
    },
    recall: {
      anywhere: [
        'where (did|have) (i|we) (leave|left|put|park|parked|place|placed|lay|laid|last see)',
        'where (i|we) (left|put|parked|placed|laid|have left|have put)',
        'what did i (ask|tell) you (to remember|about)',
        '(do you|can you) (remember|recall) where *',
        'what (have|do) you (remembered|saved|stored|remember) [about|for]',
        'when did i last',
        'what are my reminders',
      ],
      whole: ['where is my car', 'where are my keys *'],
    },
    find: {
      begins: [
        `(find|locate) ${LOST_THING}`,
        '(find|locate) [me] (a|an|some) (empty|free) (seat|chair|table|spot)',
        `help me (find|locate|look for|search for) (my|the|a|an)`,
        '(look|search) for (my|the|a|an)',
        'i am (looking|searching) for (my|the|a|an)',
        'i (can not find|have lost|lost|dropped|have dropped) my',
        'where did my _ go',
      ],
      whole: [
        'where (is|are) my _',
        'where (is|are) the (door|doors|exit|entrance|stairs|staircase|elevator|lift|handle|door handle|table|chair|seat|sink|switch|light switch|button|counter|window|wall|escalator|toilet|bathroom|kitchen|bed|couch|sofa|railing|kerb|curb|bench|phone|keys)',
        'have you seen my _',
      ],
      unless: ['answer', 'way to say', 'word', 'meaning', 'reason', 'recipe'],
    },
    forget: {
      begins: [
        'forget (what|everything|all|that|this) [i|about] *(told|said|my|you|keys)',
        '(delete|erase|remove|clear) (that|this|my|the|all|everything|your) [last|my] (memory|memories|reminder|reminders|note|notes|place)',
        'forget (that|this|the|my|all) [last] (memory|reminder|reminders|note|notes|place|location)',
      ],
    },
  },
};
