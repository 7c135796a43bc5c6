import { defineConfig } from 'vitest/config';

// What only the second kernel can show. One file after the other: the guest is a tenth as fast.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'test/guest/**/*.test.ts',
      // Limits and confinement once more, where cgroup version 2 holds them.
      'test/runtime/{cgroup,container,device-program,exec,limits,pty,security}.test.ts',
    ],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
