import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { CortexError } from '#shared/errors/cortex-error.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { automaticMicrophone } from './choose-microphone.ts';
import { ScriptedMicrophone } from './scripted-microphone.ts';

const absent = new CortexError('no-microphone', 'not there', { retryable: true });
const tools = () => ({ clock: manualClock(), log: pino({ level: 'silent' }) });
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const signal = new AbortController().signal;
const deaf = { captured: () => undefined, lost: () => undefined };

function fourMicrophones() {
  const microphones = {
    portaudio: new ScriptedMicrophone('portaudio'),
    alsa: new ScriptedMicrophone('alsa'),
    probe: new ScriptedMicrophone('probe'),
    recording: new ScriptedMicrophone('recording'),
  };
  const context = tools();
  const { portaudio, alsa, probe, recording } = microphones;
  return { ...microphones, ...context, automatic: automaticMicrophone([portaudio, alsa], probe, recording, context) };
}

describe('the automatic microphone', () => {
  it('is the first device that opens', async () => {
    const { automatic, portaudio, alsa } = fourMicrophones();
    portaudio.failures = [absent];
    expect((await automatic.open(deaf, signal)).uses).toBe('alsa');
    await alsa.open(deaf);
    expect((await automatic.open(deaf, signal)).uses).toBe('portaudio');
  });

  it('is the recording where no device opens', async () => {
    const { automatic, portaudio, alsa } = fourMicrophones();
    portaudio.failures = [absent];
    alsa.failures = [absent];
    expect((await automatic.open(deaf, signal)).uses).toBe('recording');
  });

  it('is never the recording after a device was there', async () => {
    const { automatic, portaudio, alsa } = fourMicrophones();
    await automatic.open(deaf, signal);
    portaudio.failures = [absent];
    alsa.failures = [absent];
    await expect(automatic.open(deaf, signal)).rejects.toThrow('not there');
  });

  it('leaves the recording when a microphone is plugged in', async () => {
    const { automatic, portaudio, alsa, probe, clock } = fourMicrophones();
    portaudio.failures = [absent];
    alsa.failures = [absent];
    probe.failures = [absent];
    const lost: string[] = [];
    const listener = { captured: () => undefined, lost: (reason: CortexError) => lost.push(reason.message) };
    const standIn = await automatic.open(listener, signal);
    clock.advance(15_000);
    await settle();
    expect(lost).toEqual([]);
    clock.advance(15_000);
    await settle();
    expect(lost).toEqual(['a microphone is there now']);
    expect(probe.isOpen).toBe(false);
    await standIn.close();
    expect((await automatic.open(listener, signal)).uses).toBe('portaudio');
  });
});
