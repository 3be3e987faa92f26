import type { Bus } from './bus.ts';

/** For tests: the same bus, which calls `subscribed` after each subscription. So comes what a broker has kept, or somebody else says just then. */
export function toldOfSubscriptions(bus: Bus, subscribed: (topic: string) => void): Bus {
  const subscribe: Bus['subscribe'] = async (channel, listener) => {
    const end = await bus.subscribe(channel, listener);
    subscribed(channel.topic);
    return end;
  };
  return Object.assign(Object.create(bus), { subscribe });
}
