import { loadCredentials } from '#shared/config/credentials.ts';
import { SETTINGS, type Settings } from '#shared/config/settings.ts';
import { giveStopNotice } from '#shared/lifecycle/stop-notice.ts';
import type { Clock } from '#shared/time/clock.ts';
import { killDaemon, listProcesses, pm2 } from './pm2.ts';
import { expectedProcesses, isSimulated, type ProcessView, watchStack } from './stack.ts';
import { renderTable } from './table.ts';

/** A Pi with a cold SD card needs some ten seconds for the first start; more than this and something is wrong. */
const READY_WITHIN_MS = 45_000;
const LOOK_EVERY_MS = 400;

/** Starts the stack (or reloads a running one), waits until it is ready and prints what runs. Returns the exit code. */
export async function start(root: string, settings: Settings, clock: Clock): Promise<number> {
  // Written before any process starts, so that all of them read the same file.
  loadCredentials(settings);
  await pm2(root, ['startOrReload', 'ecosystem.config.js', '--update-env'], settingsTakenBack());
  await removeUnwanted(root, settings);
  const watch = await watchStack(root, settings, clock);
  try {
    const views = await waitUntilReady(watch.look, clock);
    console.log(
      `\n${renderTable([['service', 'state', 'uses'], ...views.map((view) => [view.name, view.state, view.uses])])}\n`,
    );
    const notReady = views.filter((view) => view.state !== 'ready');
    if (notReady.length > 0) {
      console.error(notReady.map(complaint).join('\n'));
      return 1;
    }
    if (isSimulated(settings)) {
      console.log('SIMULATED: answers come from the local simulator. Put GEMINI_API_KEY into .env to talk to Gemini.');
    }
    if (!settings.mqttUrl) console.log(`Dashboard: http://127.0.0.1:${settings.httpPort}/`);
    console.log('Logs: npx pm2 logs    Stop: npm stop');
    return 0;
  } finally {
    await watch.close();
  }
}

/** Every setting this start does not give, as an empty value: a running process would keep what an earlier start gave it. */
function settingsTakenBack(): Record<string, string> {
  const names = Object.values(SETTINGS).map(({ name }) => name);
  return Object.fromEntries(names.filter((name) => process.env[name] === undefined).map((name) => [name, '']));
}

/** Processes that these settings have no use for: the simulator once there is a key, the broker once there is another one. */
async function removeUnwanted(root: string, settings: Settings): Promise<void> {
  const wanted = expectedProcesses(settings);
  for (const { name } of await listProcesses(root)) {
    if ((name === 'live-sim' || name === 'broker') && !wanted.includes(name))
      await pm2(root, ['delete', name, '--silent']);
  }
}

async function waitUntilReady(look: () => Promise<ProcessView[]>, clock: Clock): Promise<ProcessView[]> {
  const giveUpAtMs = clock.nowMs() + READY_WITHIN_MS;
  for (;;) {
    const views = await look();
    const settled = views.every((view) => view.state === 'ready' || view.state === 'failed');
    if (settled || clock.nowMs() >= giveUpAtMs) return views;
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
  }
}

function complaint({ name, state, uses }: ProcessView): string {
  return `${name} is ${state}${uses ? `: ${uses}` : ` and says nothing of the reason; see npx pm2 logs ${name}`}`;
}

/** Stops the stack and takes it off PM2's list; ends PM2's daemon when nothing else runs under it. */
export async function stop(root: string, settings: Settings, clock: Clock): Promise<number> {
  const ours = new Set([...expectedProcesses(settings), 'broker', 'live-sim']);
  const running = await listProcesses(root);
  if (running.length === 0) {
    console.log('Nothing was running.');
    return 0;
  }
  const names = running.map((process) => process.name).filter((name) => ours.has(name));
  const takeBackNotice = giveStopNotice(settings.stateDir, clock.nowMs());
  try {
    // The broker last, so that everybody's goodbye is heard.
    const clients = names.filter((name) => name !== 'broker');
    if (clients.length > 0) await pm2(root, ['delete', ...clients, '--silent']);
    if (names.includes('broker')) await pm2(root, ['delete', 'broker', '--silent']);
    if (running.length === names.length) await killDaemon(root, clock);
  } finally {
    takeBackNotice();
  }
  console.log(names.length > 0 ? `Stopped ${names.join(', ')}.` : 'Nothing of this stack was running.');
  return 0;
}

/** One look at the running stack. Exit code 0 when all of it is ready. */
export async function status(root: string, settings: Settings, clock: Clock): Promise<number> {
  const watch = await watchStack(root, settings, clock);
  try {
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
    const views = await watch.look();
    const rows = views.map(({ name, state, uses, process }) => [
      name,
      state,
      process ? String(process.pm2_env.restart_time) : '',
      process?.monit ? `${Math.round(process.monit.memory / 1e6)} MB` : '',
      uses,
    ]);
    console.log(renderTable([['service', 'state', 'restarts', 'memory', 'uses'], ...rows]));
    if (isSimulated(settings)) console.log('\nSIMULATED: answers come from the local simulator.');
    return views.every((view) => view.state === 'ready') ? 0 : 1;
  } finally {
    await watch.close();
  }
}
