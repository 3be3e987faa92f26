import type { RuleFamily } from '../routing/rule.ts';

const VEHICLE = '(car|bike|bicycle|bus|truck|lorry|tram|train|scooter|motorbike|van)';

/** Layer 0: a warning shouted or a cry for help. Checked before everything else. */
export const safety: RuleFamily = {
  layer: 0,
  intents: {
    warning: {
      whole: [
        'look out',
        '[be|very] careful',
        'danger',
        'heads up',
        'mind out',
        'duck',
        `[there is|here comes] [a|the] ${VEHICLE} [is] coming`,
        `stop [stop] (there is|here comes) [a|the] ${VEHICLE}`,
        'watch it',
      ],
      begins: [
        'look out (a|the|there|for|behind|in front|on)',
        'watch it (a|the|there)',
        '[be] careful (a|the|there|it|you|with the|of the|on the|behind)',
      ],
      anywhere: [
        'watch out',
        '(mind|watch) (the|your|that) (step|head|kerb|curb|gap|stairs|edge|door|ice|hole)',
        `${VEHICLE} [is] coming (careful|look out|at you|at us|towards us|your way|right at you)`,
      ],
      unless: ['mean', 'means', 'the (song|film|movie|book)', 'told me', 'said', 'what you wish for'],
    },
    help: {
      whole: [
        'help [help] [help] [help|me|please|now]',
        'help me (up|out) [of here]',
        'i [really|urgently] need [some|your|urgent|medical|immediate] help [urgently|right now]',
        '(an|it is an|this is an) emergency',
        'emergency',
        'fire',
        'sos',
        'mayday',
      ],
      begins: [
        '[anybody] help me please',
        'anybody [please] [please] help [me]',
        'help [me] (i|he|she|they|anybody|we)',
        'call (9 1 1|911|1 1 2|112|9 9 9|999|an ambulance|the ambulance|the police|police|the fire brigade|a doctor|for help|emergency|my emergency contact)',
        'i need (an ambulance|a doctor|the police|the hospital now|medical help)',
        'this is an emergency',
        'i am (hurt|injured|bleeding|stuck|trapped|in danger|dying|having (a|chest) (heart attack|stroke|seizure|pain|pains)|being (attacked|robbed|followed))',
        'i (fell|have fallen|had a fall|have had (an accident|a fall)|had an accident)',
        'i (can not breathe|broke my|have broken my|have (chest pain|chest pains))',
        'anybody is (attacking|following|robbing|hurting) me',
      ],
      unless: [
        'with my (homework|letter|email)',
        'asleep',
        'in love',
        'last (week|year|month)',
        'yesterday',
        'years ago',
        'stuck (on|with)',
      ],
    },
  },
};
