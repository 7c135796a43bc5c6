import { defineConfig } from 'vitest/config';

// Live tests move the main thread between network namespaces, which only a process of its own may do.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those are for a second kernel: scripts/test-guest.sh.
    exclude: ['test/guest/**'],
    pool: 'forks',
    // Live tests wait for the kernel and for containers more than they compute.
    maxWorkers: '100%',
    testTimeout: 30_000,
    // Where nobody is there to look again, a test that the machine was too busy for has one more try;
    // the report says which needed it.
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 30_000,
  },
});
