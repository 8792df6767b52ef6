import { globSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildEnvironmentOptions, EnvironmentOptions, Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT_FILES = path.join(ROOT, 'widget/lazy/built-files.ts');

/** A file of dist/widget, the builder's environment that makes it, and the module it is built from. */
interface WidgetFile {
  name: string;
  environment: string;
  entry: string;
}

function widgetFile(name: string, entry: string): WidgetFile {
  // An environment's name may have no dash.
  return { name, environment: name.replaceAll('-', '_'), entry };
}

const LOCALES: readonly WidgetFile[] = globSync('widget/locales/*.ts', { cwd: ROOT })
  .map((file) => path.basename(file, '.ts'))
  .filter((name) => !['en', 'index'].includes(name) && !name.endsWith('.test'))
  .map((name) => widgetFile(`locale-${name}`, `widget/locales/${name}.ts`));

/**
 * The files of the widget in the order in which they are built: each may import those before it. Only Lit is imported
 * statically, for there may be one copy of it on a page (a Content-Security-Policy allows its Trusted Types policy
 * once). Whatever else two files need is in both, so that a file can be asked for again by another address when it could
 * not be loaded: a shared file that failed would keep failing in browsers that remember a failed import.
 */
export const WIDGET_FILES: readonly WidgetFile[] = [
  widgetFile('lit', 'scripts/vite/lit.ts'),
  widgetFile('client', 'widget/client.ts'),
  widgetFile('markdown', 'widget/markdown/index.ts'),
  ...LOCALES,
  widgetFile('panel', 'widget/panel/index.ts'),
  widgetFile('element', 'widget/built-element.ts'),
  widgetFile('widget', 'widget/loader/loader.ts'),
];

/** Specifiers of Lit, all of which are in its file. */
const LIT = ['lit', 'lit/directives/keyed.js'];

/** The last file, which the script tag names: not hashed, and a script that is no module. */
const LOADER = WIDGET_FILES.at(-1)?.name;

/** How each file is built, as an environment of the builder. */
export function widgetEnvironments(): Record<string, EnvironmentOptions> {
  return Object.fromEntries(
    WIDGET_FILES.map(({ name, environment, entry }, at) => [
      environment,
      { consumer: 'client', build: buildOptions(name, entry, at === 0) },
    ]),
  );
}

function buildOptions(name: string, entry: string, isFirst: boolean): BuildEnvironmentOptions {
  const isLoader = name === LOADER;
  return {
    outDir: 'dist/widget',
    emptyOutDir: isFirst,
    target: 'es2022',
    // A library: vite adds nothing of its own around imports.
    lib: { entry: path.join(ROOT, entry), formats: [isLoader ? 'iife' : 'es'], name: 'ResumableChatLoader' },
    rolldownOptions: {
      output: { entryFileNames: isLoader ? '[name].js' : `${name}-[hash].js`, minify: true, codeSplitting: false },
      input: { [name]: path.join(ROOT, entry) },
    },
  };
}

/**
 * Tells the modules of each file the names of the files before it: an `import()` of one of those is left to the browser,
 * and widget/lazy/built-files.ts has their names for a second attempt.
 */
export function widgetFiles(): Plugin {
  const built = new Map<string, string>();
  const entries = new Map(WIDGET_FILES.map(({ name, entry }) => [path.join(ROOT, entry), name]));
  return {
    name: 'widget-files',
    apply: 'build',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => WIDGET_FILES.some(({ environment }) => environment === name),
    async resolveId(source, importer, options) {
      const lit = built.get('lit');
      if (lit !== undefined && LIT.includes(source)) return { id: `./${lit}`, external: true };
      if (/^(?:@lit|lit)(?:\/|$)/.test(source) && this.environment.name !== 'lit')
        this.error(`${source} is not exported by scripts/vite/lit.ts`);
      const resolved =
        importer === undefined ? null : await this.resolve(source, importer, { ...options, skipSelf: true });
      const file = built.get(entries.get(resolved?.id ?? '') ?? '');
      return file === undefined ? null : { id: `./${file}`, external: true };
    },
    load(id) {
      if (id !== BUILT_FILES) return null;
      // A script that is no module has no address of its own: there the tag tells it.
      const base = this.environment.name === LOADER ? '' : 'export const FILES_BASE = import.meta.url;';
      return `export const BUILT_FILES = ${JSON.stringify(Object.fromEntries(built))};${base}`;
    },
    generateBundle(_options, bundle) {
      const [file, other] = Object.values(bundle);
      const { name = '' } = WIDGET_FILES.find(({ environment }) => environment === this.environment.name) ?? {};
      if (file?.type !== 'chunk' || other) this.error(`${name} is not built into one file`);
      built.set(name, file.fileName);
    },
  };
}
