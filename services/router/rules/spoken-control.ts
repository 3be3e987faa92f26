import type { RuleFamily } from '../routing/rule.ts';

const CAMERA = '[the|your|my|this|that] (camera|video|cameras)';
const MICROPHONE = '[the|your|my|this|that] (microphone|microphones)';
const BOTH = '[the] (camera and [the] microphone|microphone and [the] camera)';
const PRIVACY = '[the] (privacy|private) [mode]';
const LITTLE = '[a (bit|little|little bit)]';
const LOUDNESS = '[the|your|its] (volume|sound)';
const SO = '(too|so|very|way too|much too|a bit too|a little too)';

/** What the device obeys by itself, at once and at every level of service. Layer 1, because it is the reflexes' kind of work. */
export const spokenControl: RuleFamily = {
  layer: 1,
  intents: {
    stop: {
      whole: [
        'stop [it|that|this|stop] [stop] [stop] [stop]',
        'stop [it|that|this] [all] (talking|speaking|reading|explaining|everything) [to me] [stop]',
        'stop (no|enough|please stop)',
        '(no|yes|enough) (stop|[no] stop it)',
        '[be|keep|stay] [just] (quiet|silent)',
        '(quiet|silence) [please]',
        'shut up',
        '(shush|hush|shh|sh)',
        '[that is|it is|i have heard] enough [of that|of this|talking|already]',
        'no more [talking]',
        'cancel [that|it|this]',
        'never mind [that]',
        'nevermind',
        'forget (it|about it)',
        'quit (talking|it)',
        'that will do',
      ],
      begins: ['stop stop', '(stop|quit) talking', 'be quiet', 'shut up'],
    },
    repeat: {
      whole: [
        '[again] repeat [(that|it|this|yourself|what you said)] [again]',
        'repeat (the|your|that) last (sentence|answer|thing|part|word|bit) [again]',
        'say (that|it|this|what you said) [1|one|just 1] (again|once more|more time)',
        'say (that|it) one more time',
        'say again',
        'what (was|is) the last thing (you said|you told me)',
        '(again|once more|one more time|once again)',
        'what did you [just] say [(to me|about (it|that|this))] [just now]',
        'what was that [again] [you said]',
        '(pardon|pardon me|come again|what|excuse me|sorry)',
        'i (did not|could not) (catch|hear|get|understand) (that|you|it|what you said)',
        'i (missed|have missed) (that|it|what you said)',
      ],
      anywhere: [
        '(could|can|would) you repeat (that|it|what you said)',
        'i did not (catch|hear|get|understand) (that|what you said)',
      ],
      unless: ['to (anybody|him|her|them)'],
    },
    louder: {
      whole: [
        `${LITTLE} (louder|more volume)`,
        `(be|go|make it|make that|make yourself|get) ${LITTLE} louder`,
        `(speak|talk|say it|say that) ${LITTLE} [more] (up|louder|loudly)`,
        `turn [it|that|yourself|${LOUDNESS}] ${LITTLE} up [(it|that|${LOUDNESS})] ${LITTLE}`,
        `(increase|raise|boost) ${LOUDNESS}`,
        '[the] volume up',
        'i can (not|barely|hardly) hear (you|it|that|anything) [clearly|well]',
        `(you are|it is|that is|this is) [speaking|talking|still] ${SO} (quiet|quietly|soft|softly|low|silent)`,
      ],
    },
    quieter: {
      whole: [
        `${LITTLE} (quieter|softer|less loud|less volume)`,
        `(be|go|make it|make that|get) ${LITTLE} (quieter|softer|less loud)`,
        `(speak|talk|say it) ${LITTLE} [more] (quieter|quietly|softer|softly)`,
        `turn [it|that|yourself|${LOUDNESS}] ${LITTLE} down [(it|that|${LOUDNESS})] ${LITTLE}`,
        '(decrease|lower|reduce|keep down) [the|your] (volume|sound|voice)',
        '(keep|bring) [the|your] (volume|sound|voice) down',
        '[the] volume down',
        '[do] not [be|talk|speak] [so|that|too] (loud|loudly)',
        '(do not|stop) (shout|yell|scream|shouting|yelling|screaming) [at me]',
        `[(you are|it is|that is|this is)] [speaking|talking|still] ${SO} (loud|loudly)`,
      ],
    },
    'volume-set': {
      whole: [
        `[(set|turn|put|make)] ${LOUDNESS} [up|down] [to|at] # [percent]`,
        '[(set|turn|put|make)] [it] [to|at] # percent [volume]',
      ],
    },
    loudest: {
      whole: [
        '(maximum|max|full) volume',
        `[(set|turn|put)] ${LOUDNESS} [up] [to|at] [the] (maximum|max|full)`,
        `(turn|put) [it|yourself|${LOUDNESS}] (all the way|right|fully) up`,
        `[turn] up [it|${LOUDNESS}] (all the way|fully)`,
        `(turn|put) [it|that|yourself] [up] to [the|its] (maximum|max|loudest)`,
        'as loud as (possible|you can)',
      ],
    },
    quietest: {
      whole: [
        '(minimum|lowest) volume',
        `[(set|turn|put)] ${LOUDNESS} [down] [to|at] [the] (minimum|min)`,
        `(turn|put) [it|yourself|${LOUDNESS}] (all the way|right|fully) down`,
        `(turn|put) [it|that|yourself] [down] to [the|its] (minimum|min|quietest)`,
        'as (quiet|quietly|soft|softly) as (possible|you can)',
      ],
    },
    'privacy-on': {
      whole: [
        `${PRIVACY} [back] [on]`,
        `(turn|switch) [back] on ${PRIVACY}`,
        `(turn|switch|put) ${PRIVACY} [back] on`,
        `(start|activate|enable|enter|go (into|to)|switch to|begin) ${PRIVACY}`,
        'go private',
        '(i (need|want)|give (me|us)|i would like) [some|a little|a bit of] privacy',
        '(turn|switch|shut) (everything|all) off',
        '(turn|switch|shut) off (everything|all of it)',
        `[turn|switch] [off] ${BOTH} off`,
        `(turn|switch|shut) off ${BOTH}`,
      ],
    },
    'privacy-off': {
      whole: [
        `${PRIVACY} off`,
        `(turn|switch) off ${PRIVACY}`,
        `(turn|switch) ${PRIVACY} off`,
        `(stop|end|leave|exit|deactivate|disable|cancel|quit|get out of|come out of) ${PRIVACY}`,
        'no [more] privacy [mode]',
        '(turn|switch) everything [back] on',
        `[turn|switch] [on] ${BOTH} [back] on`,
        `(turn|switch) [back] on ${BOTH}`,
      ],
    },
    'camera-off': {
      whole: [
        `${CAMERA} off`,
        `(turn|switch|shut) off ${CAMERA}`,
        `(turn|switch|shut) ${CAMERA} off`,
        '(stop|disable|deactivate|block|cover|pause|close) [the|your|my|this|that] (camera|cameras)',
        '(close|shut) your eyes',
        'stop (looking|watching|filming|recording) [me|at me|us] [with the camera]',
        '(do not look|look away) [at me]',
      ],
    },
    'camera-on': {
      whole: [
        `${CAMERA} [back] on [again]`,
        `(turn|switch) [back] on ${CAMERA} [again]`,
        `(turn|switch) ${CAMERA} [back] on [again]`,
        `(start|enable|activate|reactivate|unblock|uncover|resume|restart) ${CAMERA} [again]`,
        'open your eyes [again]',
        '[start] (look|looking|watching) again',
      ],
    },
    'microphone-off': {
      whole: [
        `${MICROPHONE} off`,
        `(turn|switch|shut) off ${MICROPHONE}`,
        `(turn|switch|shut) ${MICROPHONE} off`,
        `(mute|stop|disable|deactivate|block|close) ${MICROPHONE}`,
        'stop listening [to (me|us)]',
        'do not listen',
      ],
    },
    'microphone-on': {
      whole: [
        `${MICROPHONE} [back] on [again]`,
        `(turn|switch) [back] on ${MICROPHONE} [again]`,
        `(turn|switch) ${MICROPHONE} [back] on [again]`,
        `(unmute|start|enable|activate|reactivate|unblock) ${MICROPHONE} [again]`,
        '(start listening|listen) again',
      ],
    },
    'privacy-status': {
      whole: [
        `(is|are) ${CAMERA} [still|really|currently] (on|off|active|blocked|running|recording|filming)`,
        `(is|are) ${MICROPHONE} [still|really|currently] (on|off|active|blocked|muted|listening|recording)`,
        'are you [still] (recording|watching|filming) [me|us|this|that|it|anything]',
        'is privacy mode [still] (on|off|active)',
        'are (we|you) [still] in privacy mode',
      ],
    },
    'are-you-there': {
      whole: [
        '[are] you [still] (there|listening|here|awake|alive|working|with me|on)',
        '(can|do) you [still] hear (me|us) [still|now|at all]',
        '[is] anybody there',
      ],
    },
  },
};
