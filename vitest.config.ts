import { defineConfig } from 'vitest/config';

/** Files with a virtual sound card, or with a network whose seconds count: where a processor that is late is noticed. */
const REALTIME = ['audio-in-*', 'barge-in-*', 'conversation', 'handover-*', 'pm2-*', 'speaker-*'].map(
  (name) => `test/integration/${name}.test.ts`,
);

const realProcesses = {
  globalSetup: ['test/integration/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{shared,services,simulator,dashboard,cli,bench,scripts}/**/*.test.ts'],
          // Half of their time is starting: on two cores the default, one, takes 75 s instead of 45.
          maxWorkers: 2,
        },
      },
      // One file at a time has the processors that it needs in time.
      { test: { name: 'realtime', include: REALTIME, ...realProcesses, fileParallelism: false } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: REALTIME,
          ...realProcesses,
          // Most of their time is waiting.
          maxWorkers: 2,
        },
      },
    ],
  },
});
