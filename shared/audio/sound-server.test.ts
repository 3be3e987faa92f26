import { describe, expect, it } from 'vitest';
import { deviceIn } from './sound-server.ts';

/** As pactl 16.1 prints it, shortened. */
const STREAMS = `Sink Input #4
	Driver: protocol-native.c
	Client: 2
	Sink: 2
	Properties:
		media.name = "ALSA Playback"
		application.process.id = "812"
		application.process.binary = "aplay"

Sink Input #7
	Driver: protocol-native.c
	Sink: 11
	Properties:
		application.process.id = "81"
`;

describe("the sound server's list of streams", () => {
  it.each([
    ['the stream of that very process', STREAMS, 812, '2'],
    ['no stream of a process whose number begins alike', STREAMS, 8, undefined],
    ['the newest of several', STREAMS + STREAMS.replaceAll('Sink: 2\n', 'Sink: 3\n'), 812, '3'],
    ['nothing where the server gave no answer', '', 812, undefined],
  ])('tells %s', (_title, streams, pid, index) => {
    expect(deviceIn(streams, 'Sink', pid)).toBe(index);
  });

  it('tells sources as well', () => {
    const streams = STREAMS.replaceAll('Sink Input', 'Source Output').replaceAll('Sink:', 'Source:');
    expect(deviceIn(streams, 'Source', 81)).toBe('11');
  });
});
