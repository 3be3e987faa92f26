import { describe, expect, it } from 'vitest';
import { AlertVoice } from './alert-voice.ts';

const tone = (value: number, length: number) => new Int16Array(length).fill(value);

function render(voice: AlertVoice, count: number): number[] {
  const mix = new Array<number>(count).fill(0);
  voice.render(count, (index, sample) => {
    mix[index] = (mix[index] ?? 0) + sample;
  });
  return mix;
}

describe('the alert voice', () => {
  it('plays an earcon at once and ducks the reply for as long', () => {
    const voice = new AlertVoice();
    voice.begin({ urgent: false, spoken: false, earcon: tone(5, 3) });
    expect(voice.demands).toBe('duck');
    expect(render(voice, 5)).toEqual([5, 5, 5, 0, 0]);
    expect(voice.demands).toBe('nothing');
  });

  it('holds the reply until the sentence that follows the earcon is over', () => {
    const voice = new AlertVoice();
    const words = voice.begin({ urgent: false, spoken: true, earcon: tone(5, 2) });
    expect(render(voice, 4)).toEqual([5, 5, 0, 0]);
    expect(voice.demands).toBe('pause');
    words?.append(tone(7, 2));
    words?.close();
    expect(render(voice, 3)).toEqual([7, 7, 0]);
    expect(voice.demands).toBe('nothing');
  });

  it('plays alerts one after the other', () => {
    const voice = new AlertVoice();
    voice.begin({ urgent: false, spoken: false, earcon: tone(1, 2) });
    voice.begin({ urgent: false, spoken: false, earcon: tone(2, 2) });
    expect(render(voice, 5)).toEqual([1, 1, 2, 2, 0]);
  });

  it('lets danger cut in at once and fades what it cuts', () => {
    const voice = new AlertVoice();
    voice.begin({ urgent: false, spoken: false, earcon: tone(1000, 1_000) });
    render(voice, 10);
    voice.begin({ urgent: true, spoken: false, earcon: tone(1, 2) });
    const mix = render(voice, 200);
    expect(mix[0]).toBeGreaterThan(900);
    expect(mix[119]).toBeLessThan(10);
    expect(mix.slice(120)).toEqual(new Array(80).fill(0));
  });

  it('stops a sentence when a person says stop, and keeps the earcons', () => {
    const voice = new AlertVoice();
    voice.begin({ urgent: false, spoken: true })?.append(tone(3, 1_000));
    voice.begin({ urgent: false, spoken: false, earcon: tone(2, 500) });
    voice.hush();
    expect(render(voice, 500).slice(120)).toEqual(new Array(380).fill(2));
  });

  it('does not say what was worth saying eight seconds ago', () => {
    const voice = new AlertVoice();
    const outdated: string[] = [];
    const wait = (name: string) => ({ urgent: false, spoken: false, outdated: () => outdated.push(name) });
    voice.begin({ ...wait('first'), earcon: tone(1, 24_000 * 9) });
    voice.begin({ ...wait('second'), earcon: tone(2, 10) });
    render(voice, 24_000 * 7);
    voice.begin({ ...wait('third'), earcon: tone(3, 10) });
    render(voice, 24_000 * 1.5);
    expect(outdated).toEqual(['second']);
    expect(render(voice, 24_000 / 2 + 3).slice(-3)).toEqual([3, 3, 3]);
  });

  it('has danger go before all that waits, and refuses one too many even of it', () => {
    const voice = new AlertVoice();
    voice.begin({ urgent: true, spoken: false, earcon: tone(1, 1) });
    for (let n = 0; n < 7; n += 1) voice.begin({ urgent: false, spoken: false, earcon: tone(2, 1) });
    voice.begin({ urgent: true, spoken: false, earcon: tone(3, 1) });
    expect(render(voice, 9)).toEqual([1, 3, 2, 2, 2, 2, 2, 2, 0]);
    const begun = Array.from({ length: 10 }, () => voice.begin({ urgent: true, spoken: false, earcon: tone(1, 1) }));
    expect(begun.filter(Boolean)).toHaveLength(8);
  });

  it('refuses one too many', () => {
    const voice = new AlertVoice();
    const begun = Array.from({ length: 10 }, () => voice.begin({ urgent: false, spoken: false, earcon: tone(1, 1) }));
    expect(begun.filter(Boolean)).toHaveLength(8);
  });
});
