import { describe, expect, it } from 'vitest';
import { ALL_CHANNELS } from './all-channels.ts';
import { atTopic, filterOf, matchTopic } from './channel.ts';
import { privacy, runtimeSettings } from './control.ts';
import { toolDeclare } from './tools.ts';
import { frame } from './vision.ts';

const text = (value: string) => Buffer.from(value);

describe('the contract', () => {
  it('has each topic once', () => {
    const topics = ALL_CHANNELS.map(({ topic }) => topic);
    expect(new Set(topics).size).toBe(topics.length);
  });

  it('keeps unknown fields out and says which field is wrong', () => {
    expect(privacy.codec.decode(text('{"microphone":true,"camera":false,"extra":1}'))).toEqual({
      microphone: true,
      camera: false,
    });
    expect(() => privacy.codec.decode(text('{"microphone":"yes","camera":false}'))).toThrow(/^microphone: /);
    expect(() => runtimeSettings.codec.decode(text('{"vadThreshold":7}'))).toThrow(/^vadThreshold: /);
    expect(() => privacy.codec.decode(Buffer.from([0xff, 0xfe]))).toThrow();
  });

  it('takes an empty tool declaration as its withdrawal', () => {
    expect(toolDeclare.codec.decode(Buffer.alloc(0))).toBeNull();
    expect(toolDeclare.codec.encode(null)).toHaveLength(0);
  });

  it('takes JPEG files and nothing else as pictures', () => {
    expect(() => frame.codec.decode(text('PNG'))).toThrow('not a JPEG file');
    expect(frame.codec.decode(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toHaveLength(4);
  });

  it('fills, filters and matches topics with levels', () => {
    expect(atTopic(toolDeclare, { name: 'gps' }).topic).toBe('tools/gps/declare');
    expect(filterOf(toolDeclare)).toBe('tools/+/declare');
    expect(matchTopic(toolDeclare, 'tools/gps/declare')).toEqual({ name: 'gps' });
    expect(matchTopic(toolDeclare, 'tools/gps/call')).toBeUndefined();
    expect(() => atTopic(toolDeclare, { name: 'a/b' })).toThrow(RangeError);
    expect(() => atTopic(toolDeclare, {})).toThrow(RangeError);
  });
});
