import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { findBrowser } from './scripts/ensure-browser.ts';
import { createWidgetReporter } from './scripts/wtr-report.ts';

const report = process.env['WIDGET_REPORT'];

/** What the widget's build takes for Lit (scripts/vite/lean-lit.ts), by where Lit is. */
const LEAN_LIT = {
  '/node_modules/lit/index.js': '/scripts/vite/lean-lit-element.ts',
  '/node_modules/lit/directives/keyed.js': '/scripts/vite/lean-lit-html.ts',
};

export default {
  files: ['{scripts,widget}/**/*.browser.test.ts'],
  groups: [
    {
      name: 'as it is built',
      // What each scene looks like is asked of the element once; how it behaves, with both.
      files: ['widget/*.browser.test.ts', '!**/{scenes,script-tag}.browser.test.ts'],
      testRunnerHtml: (framework) => `<!doctype html><meta charset="utf-8" />
        <script type="importmap">${JSON.stringify({ imports: LEAN_LIT })}</script>
        <script type="module" src="${framework}"></script>`,
    },
  ],
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
  // Of one file, on a busy machine.
  testsFinishTimeout: 300_000,
  testFramework: { config: { ui: 'bdd', timeout: 10_000 } },
};
