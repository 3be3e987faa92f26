import { defineConfig } from 'vitest/config';

/** Files with a virtual sound card or a whole stack under PM2: where a processor that is late is heard. */
const SOUND = [
  'audio-in-*',
  'barge-in-*',
  'conversation',
  'handover-*',
  'levels',
  'pm2*',
  'privacy',
  'router-away',
  'speaker-*',
].map((name) => `test/integration/${name}.test.ts`);

const realProcesses = {
  globalSetup: ['test/integration/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Real processes and a real sound card share two cores: one file at a time.
  fileParallelism: false,
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
      { test: { name: 'sound', include: SOUND, ...realProcesses } },
      {
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], exclude: SOUND, ...realProcesses },
      },
    ],
  },
});
