import mqtt, { type MqttClient } from 'mqtt';
import { loadCredentials } from '#shared/config/credentials.ts';
import type { Settings } from '#shared/config/settings.ts';
import { withoutLogin } from '#shared/config/without-login.ts';
import type { Account } from '#shared/contract/channel.ts';
import { CortexError, messageOf } from '#shared/errors/cortex-error.ts';
import { brokerAddress } from '#shared/lifecycle/broker-url.ts';

/** A connection that sees topics and bytes as they are. Throws CortexError where no broker answers or it refuses the login. */
export async function connectToBroker(settings: Settings, account: Account): Promise<MqttClient> {
  const { url, certificate } = brokerAddress(settings);
  try {
    return await mqtt.connectAsync(
      url,
      {
        ...loadCredentials(settings)[account],
        protocolVersion: 4,
        ...(certificate && { ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined }),
      },
      false,
    );
  } catch (error) {
    throw new CortexError('no-broker', `${withoutLogin(url)}: ${messageOf(error)}; start the stack first (npm start)`);
  }
}
