import type { Privacy } from '#shared/contract/control.ts';

/** What a change of privacy sounds like, or undefined where nothing changed. */
export function privacyWords(before: Privacy, after: Privacy): string | undefined {
  const camera = before.camera === after.camera ? undefined : onOff(after.camera);
  const microphone = before.microphone === after.microphone ? undefined : onOff(after.microphone);
  if (camera !== undefined && camera === microphone) return `Camera and microphone ${camera}.`;
  const sentences = [camera && `Camera ${camera}.`, microphone && `Microphone ${microphone}.`];
  return sentences.filter((sentence) => sentence !== undefined).join(' ') || undefined;
}

/** @param blocked true means off. */
export function onOff(blocked: boolean): string {
  return blocked ? 'off' : 'on';
}
