import type { Bus } from '#shared/bus/bus.ts';
import type { Resend } from '#shared/contract/audio-in.ts';
import type { Channel } from '#shared/contract/channel.ts';
import type { PcmFrame } from './frame.ts';
import { PcmHistory } from './pcm-history.ts';

export interface PcmPublisher {
  /** Publishes and remembers. Positions of a stream must be contiguous. */
  publish(frame: PcmFrame): void;
  /** Keeps a frame that another process published, in whatever order they come, to answer for it when that process is gone. */
  remember(frame: PcmFrame): void;
  /** Sends everything that is kept once more, for a successor that answers for it from now on. */
  showAll(): void;
  /** Goes on for a predecessor that has gone, with what it left. Each stream ends there, and whoever has missed some of it sees that. */
  inherit(frames: readonly PcmFrame[]): void;
  /** Every frame of streams nobody is through with yet: what a successor has to answer for. */
  unfinished(): PcmFrame[];
  /** Whoever it was for is through with the stream; it is not kept for much longer. @param atMs Unix milliseconds. */
  finished(stream: number, atMs: number): void;
  /** Nothing published so far is ever sent again: what the user has blocked is not repaired. */
  forget(): void;
  stop(): void;
}

/**
 * Publishes repairable PCM: answers `…/resend`, and after a reconnection shows the newest frame of each stream again, so
 * that subscribers see what the broker's absence has cost them and ask for it.
 * @param maxSamples how much is kept for repair (the contract: 30 s of speech, the whole current turn of a reply).
 * @param missing is told of requests for a stream of which nothing is kept here.
 */
export async function startPcmPublisher(
  bus: Bus,
  channels: { pcm: Channel<PcmFrame>; resend: Channel<Resend> },
  maxSamples: number,
  missing: (request: Resend) => void = () => undefined,
): Promise<PcmPublisher> {
  const history = new PcmHistory(maxSamples);
  const endResend = await bus.subscribe(channels.resend, ({ payload }) => {
    const frames = [...history.since(payload), ...history.newest(payload.stream)];
    for (const frame of frames) bus.publish(channels.pcm, frame);
    if (!history.has(payload.stream)) missing(payload);
  });
  const endConnection = bus.onConnection((connected) => {
    if (connected) for (const frame of history.newest()) bus.publish(channels.pcm, frame);
  });
  return {
    publish(frame) {
      history.append(frame);
      bus.publish(channels.pcm, frame);
    },
    remember: (frame) => history.insert(frame),
    showAll() {
      for (const frame of history.all()) bus.publish(channels.pcm, frame);
    },
    inherit(frames) {
      for (const frame of frames) history.append(frame);
      for (const frame of history.newest()) {
        const last = frame.last ? frame : endingAfter(frame);
        if (!frame.last) history.append({ ...last, resent: false });
        bus.publish(channels.pcm, last);
      }
    },
    unfinished: () => history.unfinished(),
    finished: (stream, atMs) => history.finished(stream, atMs),
    forget: () => history.clear(),
    stop() {
      endResend();
      endConnection();
    },
  };
}

function endingAfter(frame: PcmFrame): PcmFrame {
  const { position, samples } = frame;
  return { ...frame, position: position + samples.length, first: false, last: true, samples: new Int16Array(0) };
}
