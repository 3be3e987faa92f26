import { readFileSync } from 'node:fs';
import type { Settings } from '#shared/config/settings.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

export interface BrokerAddress {
  url: string;
  /** The local broker's own certificate (PEM), to be trusted as it is. */
  certificate?: Buffer;
}

type AddressSettings = Pick<Settings, 'mqttUrl' | 'mqttHost' | 'mqttPort' | 'mqttTlsCert'>;

/**
 * Where this machine's programs find their broker. A broker that listens everywhere is reached over loopback.
 * Throws ConfigurationError when its certificate cannot be read.
 */
export function brokerAddress(settings: AddressSettings): BrokerAddress {
  const url = brokerUrl(settings);
  if (settings.mqttUrl || !settings.mqttTlsCert) return { url };
  try {
    return { url, certificate: readFileSync(settings.mqttTlsCert) };
  } catch (error) {
    throw new ConfigurationError(
      `CORTEX_MQTT_TLS_CERT: ${settings.mqttTlsCert} cannot be read (${messageOf(error)}): mend its path or permissions`,
      { cause: error },
    );
  }
}

function brokerUrl(settings: AddressSettings): string {
  if (settings.mqttUrl) return settings.mqttUrl;
  const host = settings.mqttHost === '0.0.0.0' || settings.mqttHost === '::' ? '127.0.0.1' : settings.mqttHost;
  return `${settings.mqttTlsCert ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${settings.mqttPort}`;
}
