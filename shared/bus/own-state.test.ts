import { expect, test } from 'vitest';
import { type Session, session } from '#shared/contract/thinker.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { MemoryHub } from './memory-bus.ts';
import { startOwnState } from './own-state.ts';

const CONNECTED: Session = {
  state: 'connected',
  model: 'm',
  attempt: 0,
  resumable: true,
  simulated: false,
  since: 1,
};
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function world() {
  const hub = new MemoryHub();
  const clock = manualClock(0);
  const seen: Session['state'][] = [];
  await hub.bus().subscribe(session, ({ payload }) => seen.push(payload.state));
  const own = await startOwnState(hub.bus(), session, clock);
  async function pass(): Promise<void> {
    await settle();
    clock.advance(1_000);
    await settle();
  }
  return { own, seen, pass, stranger: hub.bus() };
}

test('what somebody else says in its place is taken back, once for many messages', async () => {
  const { own, seen, pass, stranger } = await world();
  own.publish(CONNECTED);
  await pass();
  for (let n = 0; n < 3; n += 1) stranger.publish(session, { ...CONNECTED, state: 'failed', since: n });
  await pass();
  await pass();
  expect(seen).toEqual(['connected', 'failed', 'failed', 'failed', 'connected']);
});

test('its own messages are not taken for those of somebody else, however fast they follow each other', async () => {
  const { own, seen, pass } = await world();
  own.publish({ ...CONNECTED, state: 'connecting', error: undefined } as unknown as Session);
  own.publish(CONNECTED);
  await pass();
  await pass();
  expect(seen).toEqual(['connecting', 'connected']);
});

test('what it has left to somebody else is said by that one alone, until it speaks again', async () => {
  const { own, seen, pass, stranger } = await world();
  own.publish(CONNECTED);
  await pass();
  stranger.publish(session, { ...CONNECTED, state: 'failed' });
  await settle();
  own.leave();
  await pass();
  own.publish({ ...CONNECTED, state: 'idle' });
  stranger.publish(session, { ...CONNECTED, state: 'failed' });
  await pass();
  expect(seen).toEqual(['connected', 'failed', 'idle', 'failed', 'idle']);
});

test('before it has said anything, and after its end, it contradicts nobody', async () => {
  const { own, seen, pass, stranger } = await world();
  stranger.publish(session, CONNECTED);
  await pass();
  own.publish({ ...CONNECTED, state: 'idle' });
  await pass();
  own.stop();
  stranger.publish(session, CONNECTED);
  await pass();
  expect(seen).toEqual(['connected', 'idle', 'connected']);
});
