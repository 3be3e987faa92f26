import type { SoundServer } from '#shared/audio/sound-server.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { Microphone } from './microphone.ts';

const NO_SAMPLES = new Int16Array(0);

/**
 * Refuses what the loudspeaker plays as a microphone. A sound server whose last source was unplugged silently moves its
 * listeners to the monitor of the default sink, and the assistant would hear itself. While it is unknown where samples come
 * from (20 ms, 3 s at most) they wait.
 */
export function withoutMonitor(microphone: Microphone, server: SoundServer): Microphone {
  return {
    async open(listener, signal) {
      let held: Int16Array[] | undefined = [];
      let over = false;
      let opened = false;
      let checks = 0;
      let endWatch = (): void => undefined;

      function end(): boolean {
        const first = !over;
        over = true;
        endWatch();
        return first;
      }

      const capture = await microphone.open(
        {
          captured(samples) {
            if (over) return;
            held?.push(samples);
            // None of them, but a sign of life: the answer may take longer than a device may be silent.
            if (!held) listener.captured(samples);
            else if (opened) listener.captured(NO_SAMPLES);
          },
          lost(reason) {
            if (end()) listener.lost(reason);
          },
        },
        signal,
      );

      /** Lets go of the samples unless they are the loudspeaker's. */
      async function check(): Promise<CortexError | undefined> {
        checks += 1;
        const mine = checks;
        held ??= [];
        const source = capture.pid === undefined ? undefined : await server.sourceOf(capture.pid);
        const refused = source !== undefined && (await isLoudspeaker(source, server));
        // A later check knows better.
        if (over || mine !== checks) return undefined;
        if (refused) return refusal(source);
        const waiting = held;
        held = undefined;
        for (const samples of waiting ?? []) listener.captured(samples);
        return undefined;
      }

      if (!over && capture.pid !== undefined) {
        endWatch = server.watch(() => {
          void check().then((reason) => {
            if (reason && end()) listener.lost(reason);
          });
        });
      }
      const reason = await check();
      if (reason) {
        end();
        await capture.close();
        throw reason;
      }
      opened = true;
      return {
        ...capture,
        close() {
          end();
          return capture.close();
        },
      };
    },
  };
}

/** What the loudspeaker plays, as PulseAudio and PipeWire name it. */
async function isLoudspeaker(source: string, server: SoundServer): Promise<boolean> {
  return source === `${await server.defaultSink()}.monitor`;
}

function refusal(source: string): CortexError {
  return new CortexError(
    'no-microphone',
    `the microphone is gone: the sound server offers ${source} in its place, which is what the loudspeaker plays`,
    { retryable: true },
  );
}
