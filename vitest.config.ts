import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number, exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude, testTimeout, hookTimeout: 60_000 },
});

const alone = <P extends { readonly test: object }>(one: P) => ({
  ...one,
  test: { ...one.test, maxWorkers: 1, sequence: { groupOrder: 1 } },
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
        'test/browser/**',
        'test/conformance/**',
        'test/fuzz/**',
      ]),
      project('integration', ['test/integration/**/*.test.ts', 'test/fuzz/**/*.test.ts'], 60_000, ['test/integration/faults/**']),
      project('e2e', ['test/e2e/**/*.test.ts'], 120_000),
      project('browser', ['test/browser/**/*.test.ts'], 120_000),
      // They measure times: after everything else, and one file at a time.
      alone(project('faults', ['test/integration/faults/**/*.test.ts'], 120_000)),
    ],
  },
});
