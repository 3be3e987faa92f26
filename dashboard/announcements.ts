import { element } from './elements.ts';
import { lampOf } from './lamp.ts';
import type { DashboardEvent, DashboardState } from './state.ts';

/**
 * What a screen reader says unasked: whole sentences only, never a growing one, and a change of the lamp once. Transcripts
 * can be turned off, because the assistant's own voice says the same.
 */
export class Announcements {
  private lastLabel = '';

  consider(state: DashboardState, event: DashboardEvent, nowMs: number): void {
    const { label, detail, colour } = lampOf(state, nowMs);
    // Streaming and Connected alternate with every turn; that the turn began is heard anyway.
    const spoken = label === 'Streaming' ? 'Connected' : label;
    if (spoken !== this.lastLabel) {
      this.lastLabel = spoken;
      this.say(colour === 'red' ? 'alerts' : 'news', `${spoken}. ${detail}`);
    }
    if (event.kind === 'transcript' && event.payload.final && element('announce', HTMLInputElement).checked) {
      this.say('news', `${event.payload.role === 'user' ? 'You' : 'Assistant'}: ${event.payload.text}`);
    }
    if (event.kind === 'turn' && event.payload.state === 'failed') {
      this.say('alerts', `The turn failed. ${event.payload.error?.message ?? ''}`);
    }
  }

  private say(region: 'news' | 'alerts', text: string): void {
    const line = document.createElement('p');
    line.textContent = text;
    const target = element(region, HTMLElement);
    target.append(line);
    while (target.children.length > 3) target.firstElementChild?.remove();
  }
}
