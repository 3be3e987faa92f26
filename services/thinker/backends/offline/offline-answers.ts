/** What can be known without a network. */
export interface OfflineFacts {
  /** What the user said: empty where nothing was understood, undefined where nothing here recognises speech. */
  readonly text: string | undefined;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  /** IANA name; the machine's own where undefined. */
  readonly timeZone?: string | undefined;
  readonly battery: Battery | undefined;
  /** The last thing the assistant said. */
  readonly lastReply: string | undefined;
  /** Why there is no network answer, e.g. «the connection to Gemini failed». */
  readonly reason: string;
  /** The listener has been told so already, and hears it again only where he asks. */
  readonly told: boolean;
}

export interface Battery {
  readonly percent: number;
  readonly charging: boolean;
}

/** Below this a listener should do something about it. */
const LOW_BATTERY_PERCENT = 15;

interface Answer {
  readonly when: RegExp;
  readonly say: (facts: OfflineFacts) => string;
}

/** First match counts. The patterns see lower case words with single spaces between them and no punctuation. */
const ANSWERS: readonly Answer[] = [
  { when: /\b(what|tell me the|whats the|what is the|current|got the) time\b|\btime is it\b/, say: time },
  { when: /\b(what|which) day\b|\b(the|todays|what) date\b|\bday is it\b|\bday of the week\b/, say: date },
  {
    when: /\bbattery\b|\bcharge (you|left|is left|do you have)\b|\bare you charging\b|\bhow much power\b/,
    say: battery,
  },
  {
    when: /\b(repeat|say) (that|it|this)( again)?\b|^repeat\b|\bsay again\b|\bwhat did you say\b|^pardon\b/,
    say: repeat,
  },
  {
    when: /\bare you (still )?(there|here|listening|awake|alive|on)\b|\bcan you hear me\b|^hello\b|^hi\b|^hey\b/,
    say: present,
  },
  { when: /\bwhat can you do\b|\bare you (offline|online|connected)\b|\bwhy are you offline\b/, say: abilities },
];

/** The answer of a device without a network: what it knows by itself, and else in one sentence that it cannot answer, and why. */
export function offlineAnswer(facts: OfflineFacts): string {
  if (facts.text === undefined) return `${offlineIn(facts)}, and without the network I do not understand speech.`;
  if (facts.text === '') return `I did not understand that. ${offlineIn(facts)}.`;
  const words = facts.text
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  const answer = ANSWERS.find(({ when }) => when.test(words));
  return answer ? answer.say(facts) : `${offlineIn(facts)}, so I cannot answer that.`;
}

function time({ nowMs, timeZone }: OfflineFacts): string {
  return `It is ${format(nowMs, { hour: 'numeric', minute: '2-digit', timeZone })}.`;
}

function date({ nowMs, timeZone }: OfflineFacts): string {
  return `Today is ${format(nowMs, { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric', timeZone })}.`;
}

function battery({ battery: state }: OfflineFacts): string {
  if (!state) return 'I cannot tell how full the battery is.';
  const charging = state.charging ? ' and charging' : '';
  const low = !state.charging && state.percent <= LOW_BATTERY_PERCENT ? ' Please charge me soon.' : '';
  return `The battery is at ${state.percent} percent${charging}.${low}`;
}

function repeat({ lastReply }: OfflineFacts): string {
  return lastReply || 'I have not said anything yet.';
}

function present({ reason, told }: OfflineFacts): string {
  return `Yes, I am here, but offline${told ? '' : because(reason)}.`;
}

function abilities({ reason }: OfflineFacts): string {
  return `I am offline${because(reason)}. I can tell you the time, the date and the battery, repeat what I said, and obey commands.`;
}

function offlineIn({ reason, told }: OfflineFacts): string {
  return `I am offline${told ? '' : because(reason)}`;
}

function because(reason: string): string {
  const plain = reason.trim().replace(/[.!\s]+$/, '');
  return plain ? ` because ${plain}` : '';
}

function format(nowMs: number, parts: Intl.DateTimeFormatOptions & { timeZone: string | undefined }): string {
  const { timeZone, ...rest } = parts;
  // A narrow no-break space stands before AM and PM; voices trip over it.
  return new Intl.DateTimeFormat('en-US', { ...rest, ...(timeZone && { timeZone }) }).format(nowMs).replace(/\s/g, ' ');
}
