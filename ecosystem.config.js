// What PM2 runs. `npm start` uses this file, and so does `npx pm2 start ecosystem.config.js`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

const root = dirname(fileURLToPath(import.meta.url));
const envFile = join(root, '.env');
// Named one by one, because PM2 passes nothing else on to processes that run already. Empty means unset.
const ourSettings = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /^(CORTEX|GEMINI|VAD)_|^(LAYER2_MODE|ENABLE_LIVE_API|BARGE_IN|ECHO|LOG_LEVEL)$/.test(name),
  ),
);
const environment = {
  ...(existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8')) : {}),
  ...Object.fromEntries(Object.entries(ourSettings).filter(([, value]) => value !== '')),
};
const logs = resolve(root, environment.CORTEX_STATE_DIR || '.cortex', 'logs');

// Small young generation, lazy compilation and code that favours size: 200 MB have to do for the whole stack. The settings of
// the C library's allocator are in cli/pm2.ts: in cluster mode `env` comes too late for them.
const nodeFlags = ['--max-semi-space-size=1', '--max-lazy', '--optimize-for-size'];

function service(name, { env, ...overrides } = {}) {
  return {
    name,
    script: join(root, 'dist', `${name}.cjs`),
    cwd: root,
    node_args: nodeFlags,
    // Cluster mode is what makes `pm2 reload` start the successor before the predecessor stops.
    exec_mode: 'cluster',
    instances: 1,
    wait_ready: true,
    listen_timeout: 10_000,
    // Longer than the deadline a service gives itself (4 s), so that it says itself what hung.
    kill_timeout: 5_000,
    // How often PM2 looks whether the old process is gone: by default it may start the next one 100 ms late.
    kill_retry_time: 20,
    // A crash is back at once; a crash loop slows down to one try in 15 s.
    exp_backoff_restart_delay: 50,
    max_restarts: 1_000_000,
    // 1 = a setting is wrong: no restart can mend that.
    stop_exit_codes: [1],
    merge_logs: true,
    out_file: join(logs, `${name}.log`),
    error_file: join(logs, `${name}.log`),
    env: { JACK_NO_START_SERVER: '1', ...ourSettings, ...env },
    disable_source_map_support: true,
    pmx: false,
    vizion: false,
    ...overrides,
  };
}

const simulated = !environment.GEMINI_API_KEY && !environment.GEMINI_BASE_URL;

// A named export: PM2 requires this file, and finds `apps` on the module itself.
export const apps = [
  // Owns its port and everybody's connections: two of it cannot overlap.
  ...(environment.CORTEX_MQTT_URL ? [] : [service('broker', { exec_mode: 'fork' })]),
  ...(simulated ? [service('live-sim', { exec_mode: 'fork' })] : []),
  // In a reload it sees the answer through that is being delivered (up to 20 s), while its successor waits.
  service('thinker', { kill_timeout: 25_000 }),
  service('speaker'),
  service('router'),
  // One picture is in hand at a time: a second thread would only hold memory.
  service('vision', { env: { UV_THREADPOOL_SIZE: '1' } }),
  // Its last act may be to wait for a broker that is restarted, too (3 s), and to start a process that listens until the next
  // one does (5 s, and 3 for the broker again). Its arecord, where it has one, must not be told to stop before that.
  service('audio-in', { kill_timeout: 16_000, treekill: false }),
];
