import { DUMMY_SINK, type SoundServer } from '#shared/audio/sound-server.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { OpenOutput } from './output.ts';

/** What a Bluetooth headset holds besides the queue we know of, 0.2 s: a word heard twice is better than one not heard. */
export const IN_THE_HEADSET_SAMPLES = 4_800;
/** A quarter of a second after its start every stream is on its sink. */
const SETTLED_SAMPLES = 6_000;

/**
 * Notices that the sink of a stream is gone. A sound server moves the stream to another sink in the middle of a word and says
 * nothing, or makes up a dummy that nobody hears; with this the device counts as lost, and what it had not played is played
 * again by the next one. A dummy is never opened.
 */
export function onPresentSink(open: OpenOutput, server: SoundServer): OpenOutput {
  return async (hooks) => {
    const expected = await server.defaultSink();
    if (expected === DUMMY_SINK) {
      throw new CortexError('no-sink', 'the sound server has no sound output: connect headphones', { retryable: true });
    }
    let handed = 0;
    // Until asked where the stream is: a sink that goes before that would go unnoticed.
    let sink = expected;
    /** `handed` when a sink may have gone. */
    let suspectedAt: number | undefined;
    let wasted = 0;
    let checks = 0;
    let over = false;
    let endWatch = (): void => undefined;
    function end(): void {
      over = true;
      endWatch();
    }

    const output = await open({
      ...hooks,
      source(count) {
        const settles = handed < SETTLED_SAMPLES && handed + count >= SETTLED_SAMPLES;
        handed += count;
        if (settles) void check();
        return hooks.source(count);
      },
      lost(reason) {
        // Also where the device noticed first: aplay ends when it runs dry on a sink that PULSE_SINK does not name.
        wasted = IN_THE_HEADSET_SAMPLES + (suspectedAt === undefined ? 0 : handed - suspectedAt);
        end();
        hooks.lost(reason);
      },
    });
    const { stream } = output;

    async function check(): Promise<void> {
      if (!stream) return;
      checks += 1;
      const mine = checks;
      suspectedAt ??= handed;
      const gone = sink !== undefined && (await server.hasSink(sink)) === false;
      if (over) return;
      if (gone) {
        stream.lose(`the sound server has no ${sink} any more`);
        return;
      }
      const present = await server.sinkOf(stream.pid);
      // A later check knows better.
      if (mine !== checks) return;
      sink = present ?? sink;
      suspectedAt = undefined;
    }

    if (stream && !over) {
      endWatch = server.watch(() => void check());
      // Not only when it has settled: a sink that goes before that, and is not the default, would go unnoticed.
      void check();
    }
    return {
      ...output,
      takeBack(samples) {
        const back = output.takeBack?.(samples) ?? 0;
        handed -= back;
        return back;
      },
      unheardSamples: () => output.unheardSamples() + wasted,
      close() {
        end();
        return output.close();
      },
    };
  };
}
