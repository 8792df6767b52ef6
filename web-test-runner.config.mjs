import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { findBrowser } from './scripts/programs.ts';
import { createWidgetReporter } from './scripts/wtr-report.ts';

const report = process.env['WIDGET_REPORT'];

export default {
  files: ['widget/**/*.browser.test.ts'],
  nodeResolve: true,
  // A page behind another one is given no animation frames, and the widget draws nothing there: one at a time.
  concurrency: 1,
  browsers: [
    chromeLauncher({
      launchOptions: {
        executablePath: findBrowser() ?? undefined,
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
      },
    }),
  ],
  plugins: [
    esbuildPlugin({
      ts: true,
      target: 'es2022',
      tsconfig: './tsconfig.json',
      define: { 'process.env.TEST_SEED': JSON.stringify(process.env['TEST_SEED'] ?? '') },
    }),
  ],
  reporters: [defaultReporter({ reportTestProgress: false }), ...(report ? [createWidgetReporter(report)] : [])],
  // Time for one file on a busy machine, in ms.
  testsFinishTimeout: 300_000,
  testFramework: { config: { ui: 'bdd', timeout: 10_000 } },
};
