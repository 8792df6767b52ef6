import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { WIDGET_ALIASES } from './scripts/vite/aliases.ts';
import { buildStamp } from './scripts/vite/build-stamp.ts';
import { pageAtRoot } from './scripts/vite/page-at-root.ts';
import { precompress } from './scripts/vite/precompress.ts';
import { WIDGET_FILES, widgetEnvironments, widgetFiles } from './scripts/vite/widget-files.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  publicDir: false,
  resolve: { alias: WIDGET_ALIASES },
  plugins: [
    widgetFiles(),
    { ...pageAtRoot(), applyToEnvironment: ({ name }) => name === 'demo' },
    precompress(),
    buildStamp(),
  ],
  builder: {
    // One plugin instance for all environments: a file knows the names of those that were built before it.
    sharedConfigBuild: true,
    sharedPlugins: true,
    async buildApp(builder) {
      for (const name of [...WIDGET_FILES.map(({ environment }) => environment), 'demo']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
  environments: {
    // The script tag's file and those it loads: dist/widget/.
    ...widgetEnvironments(),
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
          include: ['{shared,relay,scripts,demo,widget,testkit,bench/harness}/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts'],
          environment: 'node',
          setupFiles: ['scripts/seed-properties.ts'],
          // What a test waits for comes at once, but on a machine that is busy with other things.
          testTimeout: 20_000,
        },
      },
      ...['e2e', 'faults'].map((name) => ({
        test: {
          name,
          include: [`${name}/*.test.ts`],
          globalSetup: ['testkit/global-setup.ts'],
          environment: 'node' as const,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      })),
    ],
  },
});
