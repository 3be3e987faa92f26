import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AedesPublishPacket } from 'aedes';
import { expect, it } from 'vitest';
import { loadCredentials } from '#shared/config/credentials.ts';
import type { Channel } from '#shared/contract/channel.ts';
import { privacy, runtimeSettings, volume } from '#shared/contract/control.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { createLog } from '#shared/log/log.ts';
import { Meters } from '#shared/metrics/meters.ts';
import { manualClock } from '#shared/time/manual-clock.ts';
import { aedesRights } from './aedes-rights.ts';
import { Logins } from './login.ts';
import { RetainedFile } from './retained-file.ts';

/** Whether a retained value was written down when the broker went on to acknowledge it and pass it on; and the file. */
function publish<Payload>({ topic, codec, qos }: Channel<Payload>, payload: Payload) {
  const stateDir = testFolder();
  const path = join(stateDir, 'retained.json');
  const { authorizePublish, published } = aedesRights({
    topicPrefix: 'cortex',
    alsoSensitive: [],
    logins: new Logins(loadCredentials({ stateDir, mqttUsername: undefined, mqttPassword: undefined })),
    retained: new RetainedFile(path),
    loggedIn: () => undefined,
    clock: manualClock(),
    log: createLog('broker', 'silent'),
    meters: new Meters(),
  });
  const packet = {
    cmd: 'publish',
    topic: `cortex/${topic}`,
    payload: codec.encode(payload),
    qos,
    retain: true,
    dup: false,
  };
  let written: boolean | undefined;
  authorizePublish(null, packet as AedesPublishPacket, () => {
    written = existsSync(path);
  });
  const passedOn = () => published(packet as AedesPublishPacket, null as never, () => undefined);
  return { written, path, passedOn };
}

it('what the user blocked is written down before anybody hears of it', () => {
  expect(publish(privacy, { microphone: true, camera: false }).written).toBe(true);
});

it.each([
  { name: 'control/settings', published: () => publish(runtimeSettings, { muted: true }) },
  { name: 'control/volume', published: () => publish(volume, { volume: 0.3 }) },
])('$name does not wait for a disk, and is written down when it has been passed on', ({ name, published }) => {
  const { written, path, passedOn } = published();
  expect(written).toBe(false);
  passedOn();
  expect([...new RetainedFile(path).load().values.keys()]).toEqual([name]);
});
