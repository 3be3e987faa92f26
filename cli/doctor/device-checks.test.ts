import { expect, it } from 'vitest';
import { echoRow } from './device-checks.ts';

const microphone = '0\talsa_input.usb\tmodule-alsa-card.c\ts16le 1ch 48000Hz\tRUNNING';
const headphones = '0\talsa_output.usb\tmodule-alsa-card.c\ts16le 2ch 48000Hz\tRUNNING';
const cancelled = '2\tclean\tmodule-echo-cancel.c\tfloat32le 1ch 32000Hz\tRUNNING';
const cancelling = '1\treply\tmodule-echo-cancel.c\tfloat32le 1ch 32000Hz\tRUNNING';
const ofTheSink = '1\treply.monitor\tmodule-echo-cancel.c\tfloat32le 1ch 32000Hz\tIDLE';
const server = {
  sources: [microphone, ofTheSink, cancelled].join('\n'),
  sinks: [headphones, cancelling].join('\n'),
  defaultSource: 'clean\n',
  defaultSink: 'reply\n',
};
const settings = { echo: 'aec', audioInput: { kind: 'auto' }, audioOutput: { kind: 'auto' } } as const;

it('is content with a canceller that both directions go through', () => {
  expect(echoRow(settings, server)).toMatchObject({ state: 'ok', found: 'clean, reply' });
});

it.each([
  ['there is none', { ...server, sources: microphone, sinks: headphones }, /no echo canceller/],
  ['the microphone goes round it', { ...server, defaultSource: 'alsa_input.usb\n' }, /another source/],
  ['the replies go round it', { ...server, defaultSink: 'alsa_output.usb\n' }, /another sink/],
  [
    'there is no sound server',
    { sources: undefined, sinks: undefined, defaultSource: undefined, defaultSink: undefined },
    /no echo/,
  ],
])('fails ECHO=aec where %s', (_what, found, complaint) => {
  const row = echoRow(settings, found);
  expect(row.state).toBe('failed');
  expect(row.found).toMatch(complaint);
});

it('fails ECHO=aec where a setting names the device behind the canceller', () => {
  const row = echoRow({ ...settings, audioInput: { kind: 'alsa', pcm: 'plughw:1,0' } }, server);
  expect(row.found).toMatch(/CORTEX_AUDIO_INPUT/);
});

it('asks nothing of headphones', () => {
  expect(echoRow({ ...settings, echo: 'headphones' }, { ...server, sources: microphone }).state).toBe('optional');
});
