import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number, exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude, testTimeout, hookTimeout: 60_000 },
});

export default defineConfig({
  test: {
    setupFiles: ['test/support/no-leaks.ts'],
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project('unit', ['test/*/**/*.test.ts', 'test/*.test.ts'], 10_000, [
        'test/integration/**',
        'test/e2e/**',
        'test/conformance/**',
        'test/fuzz/**',
      ]),
      project('integration', ['test/integration/**/*.test.ts', 'test/fuzz/**/*.test.ts'], 60_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 120_000),
    ],
  },
});
