import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub } from '#shared/bus/memory-bus.ts';
import { loadSettings } from '#shared/config/load-settings.ts';
import { type Handover, handover, level, microphonePcm, microphoneResend, speech } from '#shared/contract/audio-in.ts';
import { atTopic } from '#shared/contract/channel.ts';
import { interrupt, privacy, runtimeSettings } from '#shared/contract/control.ts';
import { status } from '#shared/contract/service.ts';
import { speakerState } from '#shared/contract/speaker.ts';
import { session } from '#shared/contract/thinker.ts';
import { CortexError } from '#shared/errors/cortex-error.ts';
import type { Running } from '#shared/lifecycle/run-process.ts';
import type { ServiceContext } from '#shared/lifecycle/run-service.ts';
import { Meters } from '#shared/metrics/meters.ts';
import type { PcmFrame } from '#shared/pcm/frame.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import type { Microphone } from './microphone/microphone.ts';
import { ScriptedMicrophone } from './microphone/scripted-microphone.ts';
import { startAudioIn } from './service.ts';
import type { VoiceActivity } from './voice/voice-activity.ts';

/** A voice detector that hears a voice in every window whose first sample is not zero. */
const loudIsVoice: VoiceActivity = {
  probability: (window) => ((window[0] ?? 0) === 0 ? 0.05 : 0.95),
  reset: () => undefined,
};

describe('audio-in', () => {
  const clock = manualClock(1_700_000_000_000);
  let stateDir: string;
  let hub: MemoryHub;
  let lips: ScriptedMicrophone;
  let running: Running | undefined;
  let heard: string[];
  let frames: PcmFrame[];
  let used: string[];

  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const publishSession = (state: 'connected' | 'resuming' | 'idle') =>
    hub.bus().publish(session, { state, model: 'm', attempt: 0, resumable: false, simulated: true, since: 0 });

  /** Processes that are spoken of on the bus and are not there. */
  const dead = new Set<number>();
  const isAlive = (pid: number) => !dead.has(pid);

  /** By how much the clock of the next process that is started is behind. */
  let behindMs = 0;

  async function start(environment: Record<string, string> = {}, microphone?: Microphone, pid = 100): Promise<void> {
    const itsBehindMs = behindMs;
    const context: ServiceContext = {
      settings: loadSettings({ CORTEX_STATE_DIR: stateDir, ...environment }),
      log: pino({ level: 'silent' }),
      clock: { ...clock, nowMs: () => clock.nowMs() - itsBehindMs },
      meters: new Meters(),
      fail: (error) => {
        throw error;
      },
      bus: hub.bus(),
      describe: (uses) => used.push(uses),
    };
    running = await startAudioIn(context, { voice: loudIsVoice, pid, isAlive, ...(microphone && { microphone }) });
  }

  beforeEach(async () => {
    behindMs = 0;
    dead.clear();
    stateDir = mkdtempSync(join(tmpdir(), 'audio-in-'));
    hub = new MemoryHub();
    lips = new ScriptedMicrophone();
    heard = [];
    frames = [];
    used = [];
    const bus = hub.bus();
    await bus.subscribe(speech, ({ payload }) => heard.push(payload.state));
    await bus.subscribe(interrupt, ({ payload }) => heard.push(`interrupt ${payload.source}`));
    await bus.subscribe(microphonePcm, ({ payload }) => frames.push(payload));
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    rmSync(stateDir, { recursive: true });
  });

  it('turns a spoken sentence into one stream with pre-roll, and interrupts when it has started', async () => {
    await start({}, lips);
    lips.say(1_000, 0);
    lips.say(1_000, 500);
    lips.say(600, 0);
    await settle();
    expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
    expect(new Set(frames.map((frame) => frame.stream)).size).toBe(1);
    const samples = frames.flatMap((frame) => [...frame.samples]);
    expect(samples.filter((sample) => sample !== 0).length).toBe(16_000);
    expect(samples.findIndex((sample) => sample !== 0)).toBeGreaterThanOrEqual(4_800 - 512);
    expect(frames.at(-1)?.last).toBe(true);
    expect(used).toEqual(['lips']);
  });

  it('publishes no audio of a cough, and interrupts nobody', async () => {
    await start({}, lips);
    lips.say(1_000, 0);
    lips.say(150, 500);
    lips.say(1_000, 0);
    await settle();
    expect(heard).toEqual(['possible', 'discarded']);
    expect(frames).toEqual([]);
  });

  it('shows the level five times a second', async () => {
    const levels: number[] = [];
    await hub.bus().subscribe(level, ({ payload }) => levels.push(payload.rms));
    await start({}, lips);
    lips.say(1_000, 0);
    lips.say(1_000, 16_384);
    await settle();
    expect(levels.length).toBe(10);
    expect(levels[0]).toBe(-100);
    expect(levels[9]).toBeCloseTo(-6.02, 1);
  });

  it('obeys new thresholds and barge-in modes at once', async () => {
    await start({}, lips);
    hub.bus().publish(runtimeSettings, { minSpeechMs: 800, bargeIn: 'off' });
    await settle();
    lips.say(700, 500);
    lips.say(600, 0);
    lips.say(900, 500);
    await settle();
    expect(heard).toEqual(['possible', 'discarded', 'possible', 'started']);
  });

  it('obeys thresholds and barge-in modes that were switched before it was started', async () => {
    hub.bus().publish(runtimeSettings, { minSpeechMs: 800, minSilenceMs: 1_000, bargeIn: 'off' });
    await start({}, lips);
    lips.say(700, 500);
    lips.say(600, 0);
    lips.say(900, 500);
    lips.say(900, 0);
    await settle();
    expect(heard).toEqual(['possible', 'discarded', 'possible', 'started']);
    lips.say(200, 0);
    await settle();
    expect(heard.at(-1)).toBe('ended');
  });

  it('closes the device when the user blocks the microphone, and takes back what was being said', async () => {
    await start({}, lips);
    lips.say(1_000, 500);
    hub.bus().publish(privacy, { microphone: true, camera: false });
    await settle();
    expect(lips.isOpen).toBe(false);
    expect(heard.at(-1)).toBe('discarded');
    expect(frames.at(-1)).toMatchObject({ last: true, samples: new Int16Array(0) });
    expect(used.at(-1)).toBe('blocked by the user');
    hub.bus().publish(privacy, { microphone: false, camera: false });
    await settle();
    expect(lips.isOpen).toBe(true);
  });

  it('sends nothing again that was said before the microphone was blocked, and hands nothing of it on', async () => {
    const handovers: Handover[] = [];
    await hub.bus().subscribe(handover, ({ payload }) => handovers.push(payload));
    await start({}, lips);
    lips.say(1_000, 500);
    lips.say(900, 0);
    hub.bus().publish(privacy, { microphone: true, camera: false });
    await settle();
    const before = frames.length;
    expect(before).toBeGreaterThan(0);
    const resend = { stream: frames[0]?.stream, from: 0 };
    hub.inject('audio-in/pcm/resend', Buffer.from(JSON.stringify(resend)));
    hub.disconnect();
    hub.reconnect();
    const successor = { state: 'online', pid: 200, version: '1', startedAt: clock.nowMs() };
    hub.inject('audio-in/status', Buffer.from(JSON.stringify(successor)));
    await settle();
    await running?.stop();
    await settle();
    expect(frames.slice(before)).toEqual([]);
    expect(handovers.at(-1)).toMatchObject({ state: 'left', samples: '' });
  });

  it('opens the microphone again when the process that has taken it is not there', async () => {
    await start({}, lips);
    clock.advance(2_000);
    hub.inject('audio-in/handover', Buffer.from(JSON.stringify({ state: 'taken', pid: 200 })));
    await settle();
    clock.advance(2_000);
    await settle();
    expect(lips.isOpen).toBe(false);
    dead.add(200);
    clock.advance(2_000);
    await settle();
    expect(lips.isOpen).toBe(true);
  });

  it('stays with its successor’s successor when the first of them ends', async () => {
    await start({}, lips);
    clock.advance(2_000);
    for (const pid of [200, 300]) {
      hub.inject('audio-in/handover', Buffer.from(JSON.stringify({ state: 'taken', pid })));
      await settle();
      clock.advance(2_000);
    }
    dead.add(200);
    clock.advance(2_000);
    await settle();
    expect(lips.isOpen).toBe(false);
    dead.add(300);
    clock.advance(2_000);
    await settle();
    expect(lips.isOpen).toBe(true);
  });

  it('listens again when its successor has died together with the broker, which could not say so', async () => {
    await start({}, lips);
    clock.advance(2_000);
    hub.inject('audio-in/handover', Buffer.from(JSON.stringify({ state: 'taken', pid: 200 })));
    await settle();
    hub.disconnect();
    dead.add(200);
    clock.advance(2_000);
    await settle();
    expect(lips.isOpen).toBe(true);
    hub.reconnect();
    await settle();
    lips.say(1_000, 500);
    lips.say(1_000, 0);
    await settle();
    expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
  });

  it('hands nothing on to a successor that has died together with the broker', async () => {
    const handovers: Handover[] = [];
    await hub.bus().subscribe(handover, ({ payload }) => handovers.push(payload));
    await start({}, lips);
    hub.inject('audio-in/handover', Buffer.from(JSON.stringify({ state: 'waiting', pid: 200 })));
    await settle();
    lips.say(1_000, 500);
    hub.disconnect();
    dead.add(200);
    hub.reconnect();
    await settle();
    await running?.stop();
    await settle();
    expect(handovers.map(({ state }) => state)).not.toContain('left');
    expect(heard.at(-1)).toBe('ended');
  });

  it('sends nothing again of a blocked microphone either when another process has taken it over', async () => {
    await start({}, lips);
    lips.say(1_000, 500);
    await settle();
    clock.advance(2_000);
    hub.inject('audio-in/handover', Buffer.from(JSON.stringify({ state: 'taken', pid: 200 })));
    await settle();
    expect(lips.isOpen).toBe(false);
    hub.bus().publish(privacy, { microphone: true, camera: false });
    await settle();
    const before = frames.length;
    hub.inject('audio-in/pcm/resend', Buffer.from(JSON.stringify({ stream: frames[0]?.stream, from: 0 })));
    await settle();
    expect(frames.slice(before)).toEqual([]);
  });

  it('reaches back with no pre-roll to what was said before the microphone was blocked, nor hands it on', async () => {
    const handovers: Handover[] = [];
    await hub.bus().subscribe(handover, ({ payload }) => handovers.push(payload));
    await start({}, lips);
    lips.say(1_000, 0);
    lips.say(100, 77);
    hub.bus().publish(privacy, { microphone: true, camera: false });
    await settle();
    hub.bus().publish(privacy, { microphone: false, camera: false });
    await settle();
    lips.say(500, 500);
    await settle();
    expect(frames.length).toBeGreaterThan(10);
    expect(frames.flatMap((frame) => [...frame.samples]).filter((sample) => sample === 77)).toEqual([]);
    const successor = { state: 'online', pid: 200, version: '1', startedAt: clock.nowMs() };
    hub.inject('audio-in/status', Buffer.from(JSON.stringify(successor)));
    await settle();
    await running?.stop();
    await settle();
    const left = handovers.at(-1);
    expect(left?.state === 'left' && Buffer.from(left.samples, 'base64').length).toBe(2 * 8_000);
  });

  it('says when an utterance ended that the loss of the device cut short', async () => {
    const ends: number[] = [];
    await hub.bus().subscribe(speech, ({ payload }) => ends.push(payload.at));
    await start({}, lips);
    lips.say(1_000, 500);
    lips.lose(new CortexError('no-microphone', 'pulled'));
    await settle();
    expect(heard.at(-1)).toBe('ended');
    expect(ends.at(-1)).toBeCloseTo(clock.nowMs(), -1);
  });

  it('never opens a blocked microphone after a restart, even when the broker has forgotten', async () => {
    await start({}, lips);
    hub.bus().publish(privacy, { microphone: true, camera: true });
    await settle();
    await running?.stop();
    hub = new MemoryHub();
    lips = new ScriptedMicrophone();
    await start({}, lips);
    await settle();
    expect(lips.opened).toBe(0);
  });

  it('keeps what is said while the broker is away and sends it on request', async () => {
    await start({}, lips);
    lips.say(1_000, 0);
    hub.disconnect();
    lips.say(1_000, 500);
    lips.say(600, 0);
    hub.reconnect();
    await settle();
    expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
    const stream = frames[0]?.stream ?? 0;
    hub.inject('audio-in/pcm/resend', Buffer.from(JSON.stringify({ stream, from: 0 })));
    await settle();
    const sentAgain = frames.slice(1).flatMap(({ samples }) => [...samples]);
    expect(sentAgain.filter((sample) => sample !== 0)).toHaveLength(16_000);
  });

  it('without a microphone (off) still says so and stays up', async () => {
    await start({ CORTEX_AUDIO_INPUT: 'off' });
    expect(used).toEqual(['off']);
  });

  it('streams without a break while the session is open when Gemini decides about turns', async () => {
    await start({ VAD_MODE: 'server' }, lips);
    lips.say(500, 500);
    publishSession('connected');
    await settle();
    lips.say(1_000, 500);
    lips.say(1_000, 0);
    publishSession('idle');
    await settle();
    lips.say(500, 500);
    await settle();
    expect(heard).toEqual([]);
    expect(frames[0]?.first).toBe(true);
    expect(frames.at(-1)?.last).toBe(true);
    expect(frames.reduce((sum, frame) => sum + frame.samples.length, 0)).toBe(32_000);
  });

  it.each(['the user blocks the microphone', 'the device is lost'])(
    'in server mode ends the stream when %s, and begins another one when there is sound again',
    async (what) => {
      await start({ VAD_MODE: 'server' }, lips);
      publishSession('connected');
      await settle();
      lips.say(1_000, 500);
      if (what === 'the device is lost') lips.lose(new CortexError('no-microphone', 'pulled'));
      else hub.bus().publish(privacy, { microphone: true, camera: false });
      await settle();
      expect(frames.at(-1)).toMatchObject({ last: true });
      const [stream] = frames.map((frame) => frame.stream);
      publishSession('resuming');
      publishSession('connected');
      await settle();
      hub.bus().publish(privacy, { microphone: false, camera: false });
      clock.advance(300);
      await settle();
      const before = frames.length;
      lips.say(400, 500);
      await settle();
      const again = frames.slice(before);
      expect(again[0]).toMatchObject({ first: true, position: 0 });
      expect(again[0]?.stream).not.toBe(stream);
      expect(again.reduce((sum, frame) => sum + frame.samples.length, 0)).toBe(6_400);
    },
  );

  it('does not take the assistant for a person in half-duplex, but hears who is louder', async () => {
    await start({ ECHO: 'half-duplex' }, lips);
    const playing = { state: 'speaking' as const, volume: 1, output: 'test', since: 0 };
    hub.bus().publish(speakerState, playing);
    await settle();
    lips.say(5_000, 300);
    await settle();
    expect(heard).toEqual([]);
    lips.hear(Int16Array.from({ length: 8_000 }, (_unused, index) => (index % 16 < 8 ? 3_000 : -3_000)));
    await settle();
    expect(heard.slice(0, 2)).toEqual(['possible', 'started']);
  });

  describe('with a successor', () => {
    let successor: Running | undefined;
    let ears: ScriptedMicrophone;
    /** A voice-like signal both microphones hear; never twice the same. */
    const voice = (from: number, ms: number) =>
      Int16Array.from({ length: ms * 16 }, (_unused, index) => {
        const t = from + index;
        return Math.round(6_000 * Math.sin(t / 9 + 3 * Math.sin(t / 1_700)) * (1.2 + Math.sin(t / 911))) | 1;
      });
    let position = 0;

    /** Both processes hear the same sound; time passes as it is spoken. */
    async function both(ms: number, kind: 'voice' | 'silence'): Promise<void> {
      for (let passed = 0; passed < ms; passed += 20) {
        const samples = kind === 'voice' ? voice(position, 20) : new Int16Array(320);
        position += 320;
        clock.advance(20);
        lips.hear(samples);
        ears.hear(samples);
        await settle();
      }
    }

    const online = (pid: number) => {
      const presence = { state: 'online' as const, pid, version: '0', startedAt: clock.nowMs() };
      hub.bus().publish(atTopic(status, { service: 'audio-in' }), presence);
    };

    async function startBoth(): Promise<void> {
      position = 0;
      ears = new ScriptedMicrophone('ears');
      await start({}, lips, 100);
      online(100);
      await both(1_000, 'silence');
    }

    async function startSuccessor(meanwhile: 'voice' | 'silence' = 'silence'): Promise<void> {
      const predecessor = running;
      const starting = start({}, ears, 200);
      await settle();
      await both(500, meanwhile);
      await starting;
      successor = running;
      running = predecessor;
      online(200);
      await settle();
    }

    afterEach(() => successor?.stop());

    function spoken(among = frames.filter(({ resent }) => !resent)): Int16Array {
      const streams = new Set(among.map((frame) => frame.stream));
      expect(streams.size).toBe(1);
      let end = 0;
      for (const frame of among) {
        expect(frame.position).toBe(end);
        end += frame.samples.length;
      }
      return Int16Array.from(among.flatMap((frame) => [...frame.samples]));
    }

    /** Somebody speaks while the predecessor leaves. @returns what was said. */
    async function speakOver(beforeMs: number, afterMs: number): Promise<Int16Array> {
      const begin = position;
      await both(beforeMs, 'voice');
      await running?.stop();
      running = undefined;
      await both(afterMs, 'voice');
      await both(1_000, 'silence');
      expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
      return voice(begin, beforeMs + afterMs);
    }

    it.each([0, 3_600_000, -3_600_000, 700, -700])(
      'one utterance over both processes is one stream, no sample lost or doubled, the clock set by %i ms meanwhile',
      async (setByMs) => {
        await startBoth();
        behindMs = setByMs;
        await startSuccessor();
        const said = await speakOver(1_500, 1_500);
        expect(spoken().filter((sample) => sample !== 0)).toEqual(said);
        expect(frames.at(-1)?.last).toBe(true);
      },
    );

    it('what was said before it came is sent again by it', async () => {
      await startBoth();
      await both(800, 'voice');
      await both(1_000, 'silence');
      const begin = position;
      await both(800, 'voice');
      await startSuccessor('voice');
      await running?.stop();
      running = undefined;
      await both(500, 'voice');
      await both(1_000, 'silence');
      const [before, last] = [...new Set(frames.map(({ stream }) => stream))] as [number, number];
      const sentAgain = async (stream: number) => {
        frames = [];
        hub.bus().publish(microphoneResend, { stream, from: 0 });
        await settle();
        return spoken(frames.filter((frame) => frame.stream === stream)).filter((sample) => sample !== 0);
      };
      expect(await sentAgain(last)).toEqual(voice(begin, 1_800));
      expect(await sentAgain(before)).toEqual(voice(begin - 1_800 * 16, 800));
    });

    it('a speaker who begins just before the change is heard from the first sample', async () => {
      await startBoth();
      await startSuccessor();
      const said = await speakOver(120, 1_000);
      expect(spoken().filter((sample) => sample !== 0)).toEqual(said);
    });

    it('only one of the two publishes', async () => {
      await startBoth();
      await startSuccessor();
      const levels: number[] = [];
      await hub.bus().subscribe(level, ({ payload }) => levels.push(payload.at));
      await both(1_000, 'silence');
      expect(levels.length).toBe(5);
      await running?.stop();
      running = undefined;
      await both(2_000, 'silence');
      expect(levels.length).toBeGreaterThanOrEqual(13);
      expect(levels.length).toBeLessThanOrEqual(15);
    });

    describe('whose predecessor has left, and which has not yet joined its own sound to it', () => {
      /** A sentence is under way; the successor has the handover, and not yet the sound after it. */
      async function startSplicing(): Promise<void> {
        await startBoth();
        await startSuccessor();
        await both(1_500, 'voice');
        await running?.stop();
        running = undefined;
        await settle();
        expect(heard).toEqual(['possible', 'started', 'interrupt barge-in']);
      }

      it('ends the utterance when it is told to stop and nobody follows', async () => {
        await startSplicing();
        const begin = position - 1_500 * 16;
        await successor?.stop();
        successor = undefined;
        await settle();
        expect(heard.slice(3)).toEqual(['ended']);
        expect(frames.at(-1)?.last).toBe(true);
        expect(spoken().filter((sample) => sample !== 0)).toEqual(voice(begin, 1_500));
      });

      it('hands it on when it is told to stop and somebody follows', async () => {
        const handovers: Handover[] = [];
        await hub.bus().subscribe(handover, ({ payload }) => handovers.push(payload));
        await startSplicing();
        hub.bus().publish(handover, { state: 'waiting', pid: 300 });
        await settle();
        await successor?.stop();
        successor = undefined;
        await settle();
        const published = spoken().length;
        expect(handovers.at(-1)).toMatchObject({ state: 'left', pid: 200, endpointing: { phase: 'started' } });
        const left = handovers.at(-1);
        expect(left?.state === 'left' && left.open && left.open.published - left.open.begin).toBe(published);
        expect(heard.slice(3)).toEqual([]);
      });

      it('ends it when its device is lost', async () => {
        await startSplicing();
        ears.lose(new CortexError('no-microphone', 'pulled'));
        await settle();
        expect(heard.slice(3)).toEqual(['ended']);
        expect(frames.at(-1)?.last).toBe(true);
        clock.advance(300);
        await settle();
        await both(1_000, 'voice');
        expect(heard.slice(4)).toEqual(['possible', 'started', 'interrupt barge-in']);
      });

      it('leaves it to another one that has joined to the same predecessor before it', async () => {
        await startSplicing();
        hub.bus().publish(handover, { state: 'taken', pid: 300 });
        await settle();
        expect(ears.isOpen).toBe(false);
        await both(500, 'voice');
        expect(heard.slice(3)).toEqual([]);
        expect(frames.some((frame) => frame.last)).toBe(false);
        dead.add(300);
        clock.advance(2_000);
        await settle();
        expect(ears.isOpen).toBe(true);
        await both(1_000, 'voice');
        expect(heard.slice(3)).toEqual(['possible', 'started', 'interrupt barge-in']);
      });

      it('takes it back when the user closes the microphone', async () => {
        await startSplicing();
        const before = spoken().length;
        hub.bus().publish(privacy, { microphone: true, camera: false });
        await settle();
        expect(heard.slice(3)).toEqual(['discarded']);
        expect(frames.at(-1)).toMatchObject({ last: true, samples: new Int16Array(0) });
        expect(spoken().length).toBe(before);
        hub.bus().publish(privacy, { microphone: false, camera: false });
        await settle();
        await both(1_000, 'voice');
        expect(heard.slice(4)).toEqual(['possible', 'started', 'interrupt barge-in']);
      });
    });

    it('ends an utterance that its own device has come too late for', async () => {
      await startBoth();
      const predecessor = running;
      const deaf = new ScriptedMicrophone('late');
      const starting = start({}, deaf, 200);
      await settle();
      await both(1_500, 'voice');
      await predecessor?.stop();
      clock.advance(2_000);
      await starting;
      successor = running;
      running = undefined;
      for (let n = 0; n < 20; n += 1) deaf.say(20, 0);
      await settle();
      expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
      expect(frames.at(-1)?.last).toBe(true);
      spoken();
    });

    it('a predecessor that dies without a word is followed when it is found dead', async () => {
      await startBoth();
      await startSuccessor();
      lips.hear = () => undefined;
      await both(4_100, 'silence');
      frames.length = 0;
      heard.length = 0;
      await both(1_000, 'voice');
      await both(1_000, 'silence');
      expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
    });

    it('a predecessor that the broker’s absence keeps from showing itself is waited for, and lost only when it dies', async () => {
      await startBoth();
      await startSuccessor();
      const claims: number[] = [];
      await hub.bus().subscribe(handover, ({ payload }) => payload.state === 'taken' && claims.push(payload.pid));
      await both(1_000, 'voice');
      hub.disconnect();
      await both(6_000, 'voice');
      hub.reconnect();
      await both(1_000, 'voice');
      await both(1_000, 'silence');
      expect(claims).toEqual([]);
      expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
      hub.disconnect();
      dead.add(100);
      await both(6_000, 'silence');
      hub.reconnect();
      await settle();
      expect(claims).toEqual([200]);
    });

    it('a successor that dies leaves everything to the one that is still there', async () => {
      await startBoth();
      await startSuccessor();
      await successor?.stop();
      successor = undefined;
      const gone = { state: 'offline' as const, pid: 200, version: '0', startedAt: 0 };
      hub.bus().publish(atTopic(status, { service: 'audio-in' }), gone);
      await both(1_000, 'voice');
      await both(1_000, 'silence');
      expect(heard).toEqual(['possible', 'started', 'interrupt barge-in', 'ended']);
    });
  });
});
