import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { buildStamp } from './scripts/vite/build-stamp.ts';
import { classicEntry } from './scripts/vite/classic-entry.ts';
import { WIDGET_ALIASES } from './scripts/vite/aliases.ts';
import { pageAtRoot } from './scripts/vite/page-at-root.ts';
import { plainImports } from './scripts/vite/plain-imports.ts';
import { precompress } from './scripts/vite/precompress.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const only = (environment: string) => ({
  applyToEnvironment: ({ name }: { name: string }) => name === environment,
});

export default defineConfig({
  publicDir: false,
  resolve: { alias: WIDGET_ALIASES },
  plugins: [
    { ...classicEntry(), ...only('widget') },
    { ...plainImports(), ...only('widget') },
    { ...pageAtRoot(), ...only('demo') },
    precompress(),
    buildStamp(),
  ],
  builder: {
    async buildApp(builder) {
      for (const name of ['widget', 'demo']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
  environments: {
    // The script tag's file and the parts it loads: dist/widget/.
    widget: {
      consumer: 'client',
      build: {
        outDir: 'dist/widget',
        target: 'es2022',
        modulePreload: false,
        rolldownOptions: {
          input: { widget: fromRoot('widget/index.ts') },
          output: {
            format: 'es',
            entryFileNames: '[name].js',
            chunkFileNames: 'widget-[name]-[hash].js',
            // Parts ask the entry for things by name: a part that has not changed goes on with a newer entry.
            minifyInternalExports: false,
          },
        },
      },
    },
    // The page to try it on: dist/demo/.
    demo: {
      consumer: 'client',
      build: {
        outDir: 'dist/demo',
        target: 'es2022',
        modulePreload: false,
        rolldownOptions: { input: { index: fromRoot('demo/index.html') } },
      },
    },
  },
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{shared,relay,scripts,demo,widget/{session,markdown},testkit,bench/harness}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          environment: 'node',
          setupFiles: ['scripts/seed-properties.ts'],
          // What a test waits for comes at once, but on a machine that is busy with other things.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/*.test.ts', 'faults/*.test.ts'],
          globalSetup: ['testkit/global-setup.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
