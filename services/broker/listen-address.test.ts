import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#shared/errors/cortex-error.ts';
import { testFolder } from '#shared/files/test-folder.ts';
import { isLoopback, tlsFor } from './listen-address.ts';

const folder = testFolder();
const pem = join(folder, 'any.pem');
writeFileSync(pem, 'pem');

const nothing = { mqttTlsCert: undefined, mqttTlsKey: undefined, mqttUsername: undefined, mqttPassword: undefined };
const everything = { mqttTlsCert: pem, mqttTlsKey: pem, mqttUsername: 'me', mqttPassword: 'secret' };

describe('where the broker may listen', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.7', false],
    ['127.0.0.1.example.org', false],
    ['pi.local', false],
  ])('%s is loopback: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });

  it('is loopback without TLS', () => {
    expect(tlsFor({ ...nothing, mqttHost: '127.0.0.1' })).toBeUndefined();
  });

  it('is anywhere with a certificate, a key and a password of the owner', () => {
    expect(tlsFor({ ...everything, mqttHost: '0.0.0.0' })?.cert.toString()).toBe('pem');
  });

  it.each([
    ['mqttTlsCert', 'CORTEX_MQTT_TLS_CERT'],
    ['mqttTlsKey', 'CORTEX_MQTT_TLS_KEY'],
    ['mqttUsername', 'CORTEX_MQTT_USERNAME'],
    ['mqttPassword', 'CORTEX_MQTT_PASSWORD'],
  ])('is not elsewhere without %s, and the error names %s', (missing, name) => {
    const attempt = () => tlsFor({ ...everything, mqttHost: '0.0.0.0', [missing]: undefined });
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(new RegExp(`CORTEX_MQTT_HOST=0.0.0.0 .*${name}`));
  });

  it('needs certificate and key together, and files that can be read', () => {
    expect(() => tlsFor({ ...nothing, mqttHost: '127.0.0.1', mqttTlsCert: pem })).toThrow(/belong together/);
    expect(() => tlsFor({ ...everything, mqttHost: '127.0.0.1', mqttTlsKey: '/no/such' })).toThrow(
      /CORTEX_MQTT_TLS_KEY: \/no\/such cannot be read/,
    );
  });
});
