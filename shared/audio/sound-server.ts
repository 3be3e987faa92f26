import { execFile, spawn } from 'node:child_process';

/** PulseAudio, or PipeWire in its place: it moves streams to another device by itself, and tells the player nothing. */
export interface SoundServer {
  /** Name of the source a process records from; undefined where it does not record through the server, or there is none. */
  sourceOf(pid: number): Promise<string | undefined>;
  /** The same for the sink it plays to. */
  sinkOf(pid: number): Promise<string | undefined>;
  /** Undefined where nothing can be found out. */
  hasSink(name: string): Promise<boolean | undefined>;
  /** Undefined where there is no sound server, or no `pactl` to ask it with. */
  defaultSink(): Promise<string | undefined>;
  /** `changed` is called when a device has gone or another one is the default. Returns what ends this. */
  watch(changed: () => void): () => void;
}

/** What PulseAudio and PipeWire call the sink they make up when there is no other: whatever it is given is heard by nobody. */
export const DUMMY_SINK = 'auto_null';

/** An answer takes 20 ms; a server that hangs must not hold up a microphone that works. */
const ANSWER_WITHIN_MS = 3_000;
const CHANGE = /'remove' on (sink|source) |'change' on server /;
/** Through `env`, because pactl speaks the user's language otherwise. */
const IN_ENGLISH = ['LC_ALL=C', 'pactl'];

/** The server that libpulse finds, asked with `pactl` of Debian's pulseaudio-utils. */
export function pactlSoundServer(): SoundServer {
  return {
    async sourceOf(pid) {
      const [streams, sources] = await Promise.all([pactl('list', 'source-outputs'), namesIn('sources')]);
      return sources.get(deviceIn(streams, 'Source', pid) ?? '');
    },
    async sinkOf(pid) {
      return (await namesIn('sinks')).get(deviceIn(await pactl('list', 'sink-inputs'), 'Sink', pid) ?? '');
    },
    async hasSink(name) {
      const names = [...(await namesIn('sinks')).values()];
      return names.length > 0 ? names.includes(name) : undefined;
    },
    defaultSink: async () => (await pactl('get-default-sink')).trim() || undefined,
    watch: subscribe,
  };
}

/** Index of the device that the newest stream of a process is on, in what `pactl list sink-inputs` or `source-outputs` prints. */
export function deviceIn(streams: string, direction: 'Source' | 'Sink', pid: number): string | undefined {
  const ofProcess = (stream: string) => stream.includes(`application.process.id = "${pid}"`);
  const stream = streams.split(/^(?:Source Output|Sink Input) #/m).findLast(ofProcess);
  return new RegExp(`^\\s*${direction}: (\\d+)$`, 'm').exec(stream ?? '')?.[1];
}

/** Names by index. */
async function namesIn(list: 'sinks' | 'sources'): Promise<Map<string, string>> {
  const lines = (await pactl('list', 'short', list)).split('\n').map((line) => line.split('\t'));
  return new Map(lines.flatMap(([index, name]) => (index && name ? [[index, name] as const] : [])));
}

function pactl(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: ANSWER_WITHIN_MS };
    // Not installed, no server, no answer: nothing is known.
    execFile('env', [...IN_ENGLISH, ...args], options, (error, stdout) => resolve(error ? '' : stdout));
  });
}

/** Ends by itself with the server, and with it the streams there were. */
function subscribe(changed: () => void): () => void {
  const child = spawn('env', [...IN_ENGLISH, 'subscribe'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let ended = false;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (!ended && lines.some((line) => CHANGE.test(line))) changed();
  });
  // Nothing to ask: nothing is known.
  child.on('error', () => undefined);
  return () => {
    ended = true;
    child.kill();
  };
}
