import { describe, expect, it } from 'vitest';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { soundAlert } from './alert-desk.ts';
import { AlertVoice } from './alert-voice.ts';

const place = { log: createLog('speaker', 'silent'), meters: new Meters() };

describe('the alert desk', () => {
  it('speaks the words of both of two alerts that bear the same id', async () => {
    const voice = new AlertVoice();
    let finish = (_samples: Int16Array): void => undefined;
    const slow = new Promise<Int16Array>((resolve) => {
      finish = resolve;
    });
    const first = soundAlert({ id: 'car', text: 'A car on the left.' }, voice, {
      ...place,
      speak: () => Promise.resolve(new Int16Array(2).fill(5)),
    });
    const second = soundAlert({ id: 'car', text: 'A car on the right.' }, voice, { ...place, speak: () => slow });
    await first;
    const heard: number[] = [];
    const render = () => voice.render(4, (_index, sample) => heard.push(sample));
    render();
    finish(new Int16Array(2).fill(7));
    await second;
    render();
    expect(heard).toEqual([5, 5, 7, 7]);
  });

  it('says a sentence once that waits already, and again when it has been said', async () => {
    const voice = new AlertVoice();
    const speak = () => Promise.resolve(new Int16Array(2).fill(5));
    const alert = async (text: string, earcon: 'danger' | 'attention' = 'attention') => {
      const { meters } = place;
      const before = meters.snapshot(0).counters['alertsRepeated'] ?? 0;
      await soundAlert({ id: 'a', earcon, text }, voice, { ...place, speak });
      return (meters.snapshot(0).counters['alertsRepeated'] ?? 0) > before;
    };
    expect([await alert('No connection.'), await alert('No connection.'), await alert('Ask again.')]).toEqual([
      false,
      true,
      false,
    ]);
    expect([await alert('A car.', 'danger'), await alert('A car.', 'danger')]).toEqual([false, false]);
    while (!voice.isSilent) voice.render(24_000, () => undefined);
    expect(await alert('No connection.')).toBe(false);
  });

  it('synthesises no earcon when it is wanted: the sound card would run dry', async () => {
    const begun: unknown[] = [];
    const voice = new AlertVoice();
    const begin = voice.begin.bind(voice);
    voice.begin = (sound) => {
      begun.push(sound.earcon);
      return begin(sound);
    };
    const speak = () => Promise.reject(new Error('no voice'));
    await soundAlert({ id: 'a', earcon: 'danger' }, voice, { ...place, speak });
    await soundAlert({ id: 'b', earcon: 'danger' }, voice, { ...place, speak });
    expect(begun[0]).toBe(begun[1]);
  });
});
