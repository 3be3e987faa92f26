import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { loadSettings, unknownSettings } from './load-settings.ts';

describe('settings', () => {
  it('have a default for everything that is not a secret or an address of somebody else', () => {
    expect(loadSettings({})).toMatchObject({
      geminiLiveModel: 'gemini-3.8-live',
      mqttPort: 1883,
      videoFps: 2,
      enableLiveApi: true,
      audioInput: { kind: 'auto' },
      vadMinSilenceMs: 500,
    });
    expect(loadSettings({}).geminiApiKey).toBeUndefined();
  });

  it('count as unset when empty', () => {
    expect(loadSettings({ CORTEX_MQTT_PORT: '', GEMINI_API_KEY: '' })).toEqual(loadSettings({}));
  });

  it.each([
    ['CORTEX_AUDIO_INPUT', 'alsa:plughw:1,0', 'audioInput', { kind: 'alsa', pcm: 'plughw:1,0' }],
    ['CORTEX_AUDIO_INPUT', 'file-loop:a b.wav', 'audioInput', { kind: 'file', path: 'a b.wav', loop: true }],
    ['CORTEX_AUDIO_INPUT', 'portaudio:USB: Mic', 'audioInput', { kind: 'portaudio', device: 'USB: Mic' }],
    ['CORTEX_AUDIO_OUTPUT', 'null', 'audioOutput', { kind: 'null' }],
    ['CORTEX_CAMERA', 'topic:vision/annotated', 'camera', { kind: 'topic', topic: 'vision/annotated' }],
    ['CORTEX_TOPIC_PREFIX', 'cortex/pi-07', 'topicPrefix', 'cortex/pi-07'],
    ['ENABLE_LIVE_API', 'off', 'enableLiveApi', false],
  ])('read %s=%s', (name, text, key, value) => {
    expect(loadSettings({ [name]: text })[key as keyof ReturnType<typeof loadSettings>]).toEqual(value);
  });

  it('report every problem at once, each with its name and what it may be', () => {
    const wrong = { CORTEX_MQTT_PORT: '70000', BARGE_IN: 'maybe', CORTEX_CAMERA: 'webcam', CORTEX_VIDEO_FPS: 'fast' };
    const report = (() => {
      try {
        loadSettings(wrong);
      } catch (error) {
        return error;
      }
    })() as ConfigurationError;
    expect(report).toBeInstanceOf(ConfigurationError);
    for (const words of [
      'CORTEX_MQTT_PORT: "70000" must be a whole number from 0 to 65535',
      'BARGE_IN: "maybe" must be pause, duck or off',
      'CORTEX_CAMERA: "webcam" must be one of auto, rpicam',
      'CORTEX_VIDEO_FPS: "fast" must be a number from 0.2 to 5 frames a second',
    ]) {
      expect(report.message).toContain(words);
    }
  });

  it.each([
    ['CORTEX_TOPIC_PREFIX', 'cortex/#'],
    ['CORTEX_TOPIC_PREFIX', '/cortex'],
    ['CORTEX_MQTT_URL', 'http://host'],
    ['GEMINI_BASE_URL', 'generativelanguage'],
    ['CORTEX_AUDIO_INPUT', 'file:'],
    ['VAD_THRESHOLD', '1'],
    ['CORTEX_MQTT_PORT', '1883.5'],
    ['VAD_PREROLL_MS', '300.03'],
  ])('refuse %s=%s', (name, text) => {
    expect(() => loadSettings({ [name]: text })).toThrow(name);
  });

  it('never show a secret in a report', () => {
    expect(() => loadSettings({ CORTEX_MQTT_PASSWORD: 'hunter2', CORTEX_MQTT_PORT: 'x' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('never show the password in a URL', () => {
    expect(() => loadSettings({ CORTEX_MQTT_URL: 'tcp://me:hunter2@host:1883' })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('"tcp://host:1883"') }),
    );
  });

  it('name the nearest real setting for one that does not exist, and leave other programs alone', () => {
    const [warning, ...rest] = unknownSettings({
      CORTEX_MQTT_PROT: '1',
      VADIM: 'x',
      HOME: '/',
      CORTEX_MQTT_PORT: '1883',
    });
    expect(warning).toContain('did you mean CORTEX_MQTT_PORT?');
    expect(rest).toEqual([]);
  });

  it('guess no name where none is near', () => {
    expect(unknownSettings({ CORTEX_ZZZZZZZZZZZZZZZ: '1' })[0]).not.toContain('did you mean');
  });
});
