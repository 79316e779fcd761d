import { defineConfig } from 'vitest/config'

const shared = {
  resolve: { conditions: ['kurir-source', 'node', 'import', 'module', 'default'] },
  ssr: { resolve: { conditions: ['kurir-source', 'node', 'import', 'module', 'default'] } },
}

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      { ...shared, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'] } },
      {
        ...shared,
        test: { name: 'api', include: ['tests/api/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        ...shared,
        test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        ...shared,
        test: { name: 'interop', include: ['tests/interop/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
      { ...shared, test: { name: 'kill', include: ['tests/kill/**/*.test.ts'] } },
    ],
  },
})
