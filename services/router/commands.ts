import type { Bus } from '#shared/bus/bus.ts';
import {
  type Fallback,
  fallback,
  type Interrupt,
  interrupt,
  type Privacy,
  privacy,
  volume,
} from '#shared/contract/control.ts';
import { type Decision, decision, type LayerRequest, layer1Request, layer3Request } from '#shared/contract/layers.ts';
import { type Alert, alert } from '#shared/contract/speaker.ts';
import { context, say } from '#shared/contract/thinker.ts';
import type { Meters } from '#shared/metrics/meters.ts';
import type { Clock } from '#shared/time/clock.ts';

/** Everything the router's cores can want from the rest of the stack. */
export type Command =
  | { type: 'decide'; decision: Omit<Decision, 'at'> }
  | { type: 'interrupt'; source: Interrupt['source'] }
  /** Spoken by the thinker in its own voice, after what it says now. */
  | { type: 'say'; text: string }
  /** Played by the speaker itself at once, whatever else is dead. */
  | ({ type: 'alert' } & Omit<Alert, 'id'>)
  | { type: 'tellThinker'; source: string; text: string }
  | { type: 'askLayer'; layer: 1 | 3; request: LayerRequest }
  | { type: 'setVolume'; volume: number }
  | { type: 'setPrivacy'; privacy: Privacy }
  | { type: 'setLevel'; fallback: Fallback }
  | { type: 'count'; name: string };

/** Turns commands into publications. Ids begin with `name`, which no other process may use. */
export function publisherOf(
  { bus, clock, meters }: { bus: Bus; clock: Clock; meters: Meters },
  name: string,
): (commands: readonly Command[]) => void {
  let published = 0;

  function nextId(): string {
    published += 1;
    return `${name}-${published}`;
  }

  function publish(command: Command): void {
    switch (command.type) {
      case 'decide':
        bus.publish(decision, { ...command.decision, at: clock.nowMs() });
        break;
      case 'interrupt':
        bus.publish(interrupt, { id: nextId(), source: command.source, at: clock.nowMs() });
        break;
      case 'say':
        bus.publish(say, { id: nextId(), text: command.text });
        break;
      case 'alert': {
        const { type: _type, ...payload } = command;
        bus.publish(alert, { id: nextId(), ...payload });
        break;
      }
      case 'tellThinker':
        bus.publish(context, { source: command.source, text: command.text });
        break;
      case 'askLayer':
        bus.publish(command.layer === 1 ? layer1Request : layer3Request, command.request);
        break;
      case 'setVolume':
        bus.publish(volume, { volume: command.volume });
        break;
      case 'setPrivacy':
        bus.publish(privacy, command.privacy);
        break;
      case 'setLevel':
        bus.publish(fallback, command.fallback);
        break;
      case 'count':
        meters.count(command.name);
        break;
    }
  }

  return (commands) => {
    for (const command of commands) publish(command);
  };
}
