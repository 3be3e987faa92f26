import { channel } from './channel.ts';
import { jpeg } from './codecs.ts';

export const frame = channel('vision/frame', jpeg, {
  summary: 'A plain JPEG file, capture time in its EXIF; empty when the camera is blocked or gone',
  qos: 0,
  retain: true,
  publishers: ['vision'],
  sensitive: true,
});
