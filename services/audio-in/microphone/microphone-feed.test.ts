import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, CortexError } from '#shared/errors/cortex-error.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { type ManualClock, manualClock } from '#shared/time/manual-clock.ts';
import { MicrophoneFeed } from './microphone-feed.ts';
import { ScriptedMicrophone } from './scripted-microphone.ts';

const gone = new CortexError('no-microphone', 'it is gone', { retryable: true });

describe('the microphone feed', () => {
  let clock: ManualClock;
  let microphone: ScriptedMicrophone;
  let feed: MicrophoneFeed;
  let story: string[];
  let failed: unknown;
  /** Time that has passed without a timer running. */
  let heldUpMs: number;

  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  /** Lets time pass as it does while the process is not held up: in small steps, work done in between. */
  async function pass(ms: number, amplitude?: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      if (amplitude !== undefined) microphone.say(50, amplitude);
      await settle();
    }
  }

  beforeEach(() => {
    clock = manualClock();
    heldUpMs = 0;
    story = [];
    failed = undefined;
    feed = feedOf(new ScriptedMicrophone());
  });

  function feedOf(scripted: ScriptedMicrophone): MicrophoneFeed {
    microphone = scripted;
    return new MicrophoneFeed({
      microphone,
      listener: {
        captured: (samples) => story.push(`${samples.length} samples`),
        interrupted: () => story.push('interrupted'),
      },
      clock: { ...clock, nowMs: () => clock.nowMs() + heldUpMs },
      log: pino({ level: 'silent' }),
      meters: new Meters(),
      describe: (uses) => story.push(uses),
      outage: (news) => story.push(news),
      fail: (error) => {
        failed = error;
      },
    });
  }

  it('hands on what the microphone captures', async () => {
    await feed.start();
    microphone.say(20, 5);
    await feed.stop();
    expect(story).toEqual(['lips', '320 samples', 'interrupted']);
    expect(microphone.isOpen).toBe(false);
  });

  it('resamples from the device rate', async () => {
    feed = feedOf(new ScriptedMicrophone('lips', 48_000));
    await feed.start();
    microphone.say(30, 5);
    expect(story).toEqual(['lips', '480 samples']);
    await feed.stop();
  });

  it('tells once that the device stays away, and once that it is back', async () => {
    await feed.start();
    microphone.failures = Array<Error>(5).fill(gone);
    microphone.lose(gone);
    await pass(12_500, 5);
    expect(story.filter((line) => line === 'away' || line === 'back')).toEqual(['away', 'back']);
    await feed.stop();
  });

  it('tells once of a device that opens and stays mute, and tries it again with growing patience', async () => {
    await feed.start();
    await pass(30_000);
    expect(story.filter((line) => line === 'away' || line === 'back')).toEqual(['away']);
    expect(story).toContain('no microphone (lips delivers no samples)');
    // Every try takes the 3 s that first samples may need, and 0.2, 0.4 … 5 s of waiting.
    expect(microphone.opened).toBe(7);
    await pass(10_000, 5);
    expect(story.filter((line) => line === 'away' || line === 'back')).toEqual(['away', 'back']);
    await feed.stop();
  });

  it('says no word about a device that is back at once, or closed by the user', async () => {
    await feed.start();
    microphone.failures = [gone, gone];
    microphone.lose(gone);
    await pass(3_000, 5);
    microphone.failures = [gone, gone, gone];
    microphone.lose(gone);
    await pass(600);
    await feed.stop();
    await feed.start();
    expect(story).not.toContain('away');
    expect(story).not.toContain('back');
    await feed.stop();
  });

  it('tries again with growing patience, to five seconds and no more', async () => {
    microphone.failures = Array<Error>(9).fill(gone);
    await feed.start();
    const attempts: number[] = [];
    for (let ms = 0; ms < 30_000; ms += 50) {
      const before = microphone.failures.length;
      await pass(50);
      if (microphone.failures.length < before) attempts.push(ms + 50);
    }
    expect(attempts.map((ms, index) => ms - (attempts[index - 1] ?? 0))).toEqual([
      200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000,
    ]);
    await feed.stop();
  });

  it('opens a lost device again, and says that there is a gap', async () => {
    await feed.start();
    microphone.say(20, 5);
    microphone.lose(gone);
    await settle();
    await pass(200);
    microphone.say(20, 5);
    expect(story).toEqual(['lips', '320 samples', 'interrupted', 'no microphone (it is gone)', 'lips', '320 samples']);
    await feed.stop();
  });

  it('takes a device that has fallen silent for dead', async () => {
    await feed.start();
    await pass(1_000, 5);
    await pass(700);
    expect(story).toContain('no microphone (lips delivers no samples)');
    await pass(200);
    expect(microphone.opened).toBe(2);
    await feed.stop();
  });

  it('is patient with the first samples', async () => {
    await feed.start();
    await pass(2_500);
    expect(microphone.closed).toBe(0);
    await feed.stop();
  });

  it('blames no device for a pause of its own process', async () => {
    await feed.start();
    await pass(500, 5);
    heldUpMs += 10_000;
    await pass(100);
    await pass(100, 5);
    expect(microphone.closed).toBe(0);
    await feed.stop();
  });

  it('does not come back once it was stopped', async () => {
    microphone.failures = [gone];
    await feed.start();
    await feed.stop();
    await pass(10_000);
    expect(microphone.opened).toBe(0);
  });

  it('closes a device that opened too late, before a single sample is heard', async () => {
    const starting = feed.start();
    const stopping = feed.stop();
    await Promise.all([starting, stopping]);
    expect(microphone.isOpen).toBe(false);
    expect(story).toEqual([]);
  });

  it('leaves at once what no waiting can mend', async () => {
    microphone.failures = [new ConfigurationError('no such file')];
    await expect(feed.start()).rejects.toThrow('no such file');
  });

  it('reports what no waiting can mend when it turns up later', async () => {
    await feed.start();
    microphone.failures = [new ConfigurationError('the file was deleted')];
    microphone.lose(gone);
    await settle();
    await pass(200);
    expect(failed).toBeInstanceOf(ConfigurationError);
  });
});
