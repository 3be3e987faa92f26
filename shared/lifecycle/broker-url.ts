import type { Settings } from '#shared/config/settings.ts';

/** Where this machine's programs find their broker. A broker that listens everywhere is reached over loopback. */
export function brokerUrl(settings: Pick<Settings, 'mqttUrl' | 'mqttHost' | 'mqttPort' | 'mqttTlsCert'>): string {
  if (settings.mqttUrl) return settings.mqttUrl;
  const host = settings.mqttHost === '0.0.0.0' || settings.mqttHost === '::' ? '127.0.0.1' : settings.mqttHost;
  return `${settings.mqttTlsCert ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${settings.mqttPort}`;
}
