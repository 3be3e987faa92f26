import type { Fallback, Privacy } from '#shared/contract/control.ts';
import type { Command } from '../commands.ts';
import { onOff } from './privacy-words.ts';

/** What a spoken command may depend on. */
export interface DeviceState {
  privacy: Privacy;
  /** 0 to 1. */
  volume: number;
  level: Fallback;
  lastReply: string | undefined;
}

/** One step is clearly heard (about 3 dB at the usual settings) and five take the range. */
const VOLUME_STEP = 0.15;
/** Voice alone must not turn the device inaudible: nobody could hear how to undo it. */
const QUIETEST_BY_VOICE = 0.1;

/**
 * What the device does on a spoken command, or undefined where `intent` is none. Confirmations go through the speaker's own
 * alerts: they must be heard at once and at every level of service.
 * @param number the numeral in the request, for a volume: percent, or tenths up to 10.
 */
export function obey(intent: string, number: number | undefined, device: DeviceState): Command[] | undefined {
  const { privacy } = device;
  switch (intent) {
    case 'stop':
      return [];
    case 'repeat':
      return device.lastReply === undefined
        ? [confirmed('There is nothing to repeat yet.')]
        : [{ type: 'say', text: device.lastReply }];
    case 'louder':
      return volumeSet(device.volume + VOLUME_STEP);
    case 'quieter':
      return volumeSet(device.volume - VOLUME_STEP);
    case 'volume-set':
      return volumeSet(number === undefined ? device.volume : fractionOf(number));
    case 'loudest':
      return volumeSet(1);
    case 'quietest':
      return volumeSet(QUIETEST_BY_VOICE);
    case 'privacy-on':
      return privacySet(
        { microphone: true, camera: true },
        'Privacy mode. Camera and microphone are off. I cannot hear you now: use the button to turn the microphone on again.',
      );
    case 'privacy-off':
      return privacySet({ microphone: false, camera: false }, 'Privacy mode is over. Camera and microphone are on.');
    case 'camera-off':
      return privacySet({ ...privacy, camera: true }, 'Camera off.');
    case 'camera-on':
      return privacySet({ ...privacy, camera: false }, 'Camera on.');
    case 'microphone-off':
      return privacySet(
        { ...privacy, microphone: true },
        'Microphone off. I cannot hear you now: use the button to turn it on again.',
      );
    case 'microphone-on':
      return privacySet({ ...privacy, microphone: false }, 'Microphone on.');
    case 'privacy-status':
      return [confirmed(`The camera is ${onOff(privacy.camera)} and the microphone is ${onOff(privacy.microphone)}.`)];
    case 'are-you-there':
      return [confirmed(`Yes, I am here.${LEVEL_REMARK[device.level.level](device.level.reason)}`)];
    default:
      return undefined;
  }
}

const LEVEL_REMARK: Record<Fallback['level'], (reason: string) => string> = {
  live: () => '',
  http: (reason) => ` My answers are slower than usual: ${reason}.`,
  offline: (reason) => ` I am offline: ${reason}.`,
};

function volumeSet(wanted: number): Command[] {
  const volume = Math.round(Math.min(1, Math.max(QUIETEST_BY_VOICE, wanted)) * 100) / 100;
  return [{ type: 'setVolume', volume }, confirmed(`Volume ${Math.round(volume * 100)} percent.`)];
}

/** "Volume seven" means tenths, "volume seventy" percent. */
function fractionOf(number: number): number {
  return number <= 10 ? number / 10 : number / 100;
}

/** The model is told too, or it would go on speaking of a picture it no longer gets. */
function privacySet(privacy: Privacy, sentence: string): Command[] {
  const told = `The camera is now ${onOff(privacy.camera)} and the microphone is now ${onOff(privacy.microphone)}, as the user asked.`;
  return [{ type: 'setPrivacy', privacy }, confirmed(sentence), { type: 'tellThinker', source: 'router', text: told }];
}

function confirmed(text: string): Command {
  return { type: 'alert', earcon: 'ready', text };
}
