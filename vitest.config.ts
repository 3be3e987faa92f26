import { defineConfig } from 'vitest/config';

/** Files with a virtual sound card or a whole stack under PM2: where a processor that is late is heard. */
const SOUND = ['audio-in-*', 'barge-in-*', 'conversation', 'handover-*', 'pm2-*', 'speaker-*'].map(
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
        },
      },
      // One sound card at a time has the processors that it needs in time.
      { test: { name: 'sound', include: SOUND, ...realProcesses, fileParallelism: false } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: SOUND,
          ...realProcesses,
          // Most of their time is waiting.
          maxWorkers: 2,
        },
      },
    ],
  },
});
