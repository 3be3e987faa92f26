import { element, setText } from './elements.ts';
import { duration } from './format.ts';

/** The latest camera picture, with its age: a picture that stands still must not look alive. */
export class CameraPicture {
  private url: string | undefined;
  private arrivedAtMs: number | undefined;

  show(jpeg: Uint8Array): void {
    const picture = element('camera', HTMLImageElement);
    const old = this.url;
    this.arrivedAtMs = Date.now();
    this.url =
      jpeg.length > 0 ? URL.createObjectURL(new Blob([Uint8Array.from(jpeg)], { type: 'image/jpeg' })) : undefined;
    if (this.url) picture.src = this.url;
    picture.hidden = !this.url;
    if (old) URL.revokeObjectURL(old);
  }

  clear(): void {
    this.show(new Uint8Array());
    this.arrivedAtMs = undefined;
  }

  renderNote(isOperator: boolean, nowMs: number): void {
    const note = element('camera-note', HTMLElement);
    if (!isOperator) setText(note, 'Guests do not see the camera. Log in as operator.');
    else if (this.arrivedAtMs === undefined) setText(note, 'No picture yet.');
    else if (!this.url) setText(note, 'The camera is blocked or away.');
    else setText(note, ageText(nowMs - this.arrivedAtMs));
  }
}

function ageText(ageMs: number): string {
  return ageMs < 2_500 ? 'Live' : `Standing still for ${duration(ageMs)}`;
}
