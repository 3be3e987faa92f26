import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Settings } from '#shared/config/settings.ts';
import { withoutLogin } from '#shared/config/without-login.ts';
import { type Check, failed, ok, optional } from './check.ts';

export function checkKey(settings: Settings): Check {
  if (settings.geminiApiKey) return ok('Gemini key', 'set');
  if (settings.geminiBaseUrl) return ok('Gemini key', `none; answers come from ${settings.geminiBaseUrl}`);
  return optional('Gemini key', 'none; answers are SIMULATED', 'put GEMINI_API_KEY=… into .env');
}

/** The local ports: ours if the stack runs, free if it does not, and somebody else's otherwise. */
export async function checkPorts(settings: Settings, ours: boolean): Promise<Check[]> {
  if (settings.mqttUrl) return [ok('broker', withoutLogin(settings.mqttUrl))];
  const rows = [
    { subject: 'broker port', port: settings.mqttPort, setting: 'CORTEX_MQTT_PORT' },
    { subject: 'dashboard port', port: settings.httpPort, setting: 'CORTEX_HTTP_PORT' },
  ];
  return Promise.all(
    rows.map(async ({ subject, port, setting }) => {
      if (ours) return ok(subject, `${port}, in use by this stack`);
      return (await isFree(port))
        ? ok(subject, `${port} is free`)
        : failed(
            subject,
            `${port} is taken by another program`,
            `set ${setting} to a free port, or stop that program (ss -ltnp)`,
          );
    }),
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  return true;
}
