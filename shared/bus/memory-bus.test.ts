import { describe, expect, it } from 'vitest';
import { type Privacy, privacy } from '#shared/contract/control.ts';
import { type Session, session } from '#shared/contract/thinker.ts';
import type { Bus } from './bus.ts';
import { MemoryHub } from './memory-bus.ts';

const open: Privacy = { microphone: false, camera: false };
const blocked: Privacy = { microphone: true, camera: true };
const idle: Session = { state: 'idle', model: 'm', attempt: 0, resumable: false, simulated: true, since: 1 };

async function retainedPrivacy(bus: Bus): Promise<Privacy[]> {
  const seen: Privacy[] = [];
  await bus.subscribe(privacy, ({ payload }) => seen.push(payload));
  await Promise.resolve();
  return seen;
}

describe('a retained value over a broker restart', () => {
  it('is what the last speaker said: an earlier one does not repeat his old command', async () => {
    const hub = new MemoryHub();
    const operator = hub.bus();
    const router = hub.bus();
    router.publish(privacy, open);
    operator.publish(privacy, blocked);
    hub.disconnect();
    hub.reconnect();
    expect(await retainedPrivacy(hub.bus())).toEqual([blocked]);
  });

  it('includes a command given while the broker was away, the last one only', async () => {
    const hub = new MemoryHub();
    const router = hub.bus();
    hub.disconnect();
    router.publish(privacy, open);
    router.publish(privacy, blocked);
    hub.reconnect();
    expect(await retainedPrivacy(hub.bus())).toEqual([blocked]);
  });

  it("includes a process's own state, which that process brings back", async () => {
    const hub = new MemoryHub();
    const thinker = hub.bus();
    thinker.publish(session, idle);
    hub.disconnect();
    hub.reconnect();
    const seen: Session[] = [];
    await hub.bus().subscribe(session, ({ payload }) => seen.push(payload));
    await Promise.resolve();
    expect(seen).toEqual([idle]);
  });
});
