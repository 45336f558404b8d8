import { defineConfig } from 'vitest/config';
import { entries, root } from './scripts/entries.mjs';

// In tests `pare`, `pare/esbuild`, … are the sources, so that a failing line is the line that was written.
const alias = entries().flatMap(({ specifier, source }) =>
  specifier === null ? [] : [{ find: new RegExp(`^${specifier}$`), replacement: `${root}/${source}` }],
);

export default defineConfig({
  resolve: { alias },
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/cases/**', 'fixtures/**'],
    pool: 'forks',
    maxWorkers: 2,
    // A test may start Chromium, a hook may build a whole application.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './scripts/totals-reporter.mjs'],
  },
});
