"""Writes each reply of the assistant to turn-N.wav, gap-free, whatever gets lost on the way."""

import struct
import wave

from cortex import connect, publish

HEADER = struct.Struct("<BBHIIIQ")  # version, kind, flags, rate, stream, position, time in microseconds
FIRST, LAST, RESENT = 1, 2, 4


class Reply:
    """One stream: samples in order, frames that came too early kept aside."""

    def __init__(self):
        self.samples = b""
        self.waiting = {}
        self.length = None

    def add(self, position, flags, pcm):
        if flags & LAST:
            self.length = position + len(pcm) // 2
        if len(pcm) > len(self.waiting.get(position, b"")):
            self.waiting[position] = pcm
        for start in sorted(self.waiting):
            have = len(self.samples) // 2
            if start > have:
                break
            self.samples += self.waiting.pop(start)[2 * (have - start) :]

    def missing_from(self):
        """The first sample we lack, or None."""
        have = len(self.samples) // 2
        return have if self.waiting or (self.length is not None and have < self.length) else None

    def complete(self):
        return self.length is not None and len(self.samples) // 2 >= self.length


replies = {}
done = set()


def on_message(client, topic, payload):
    if len(payload) < HEADER.size:
        return
    version, kind, flags, rate, stream, position, _time = HEADER.unpack_from(payload)
    if version != 1 or kind != 1 or stream in done:
        return
    reply = replies.setdefault(stream, Reply())
    reply.add(position, flags, payload[HEADER.size :])
    missing = reply.missing_from()
    if missing is not None and not flags & RESENT:
        publish(client, "thinker/audio/resend", {"stream": stream, "from": missing})
    if reply.complete():
        done.add(stream)
        with wave.open(f"turn-{stream}.wav", "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(replies.pop(stream).samples)
        print(f"turn-{stream}.wav", flush=True)


if __name__ == "__main__":
    connect("operator", ["thinker/audio"], on_message).loop_forever()
