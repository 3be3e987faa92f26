import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Settings } from '#shared/config/settings.ts';
import { ConfigurationError, messageOf } from '#shared/errors/cortex-error.ts';

export interface TlsFiles {
  cert: Buffer;
  key: Buffer;
}

type ListenSettings = Pick<Settings, 'mqttHost' | 'mqttTlsCert' | 'mqttTlsKey' | 'mqttUsername' | 'mqttPassword'>;

/** True for names and addresses only this machine can reach. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/**
 * The certificate and key to listen with, or undefined for plain TCP on loopback.
 * Throws ConfigurationError where others could listen in (another host without TLS), where the operator's password was
 * left to chance, and where a file cannot be read.
 */
export function tlsFor(settings: ListenSettings): TlsFiles | undefined {
  const { mqttHost, mqttTlsCert, mqttTlsKey } = settings;
  const missing = [
    ...(mqttTlsCert ? [] : ['CORTEX_MQTT_TLS_CERT']),
    ...(mqttTlsKey ? [] : ['CORTEX_MQTT_TLS_KEY']),
    ...(settings.mqttUsername ? [] : ['CORTEX_MQTT_USERNAME']),
    ...(settings.mqttPassword ? [] : ['CORTEX_MQTT_PASSWORD']),
  ];
  if (!isLoopback(mqttHost) && missing.length > 0) {
    throw new ConfigurationError(
      `CORTEX_MQTT_HOST=${mqttHost} is reachable from other machines and demands TLS and a password: set ${missing.join(', ')}, or listen on 127.0.0.1`,
    );
  }
  if (!mqttTlsCert && !mqttTlsKey) return undefined;
  if (!mqttTlsCert || !mqttTlsKey) {
    throw new ConfigurationError('CORTEX_MQTT_TLS_CERT and CORTEX_MQTT_TLS_KEY belong together: set both or neither');
  }
  return {
    cert: readPem('CORTEX_MQTT_TLS_CERT', mqttTlsCert),
    key: readPem('CORTEX_MQTT_TLS_KEY', mqttTlsKey),
  };
}

function readPem(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigurationError(`${name}: ${path} cannot be read (${messageOf(error)})`, { cause: error });
  }
}
