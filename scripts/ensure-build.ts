/** `npm run relay` and everything else that serves `dist`: what is served is never older than its sources. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashSources, readBuildStamp } from './vite/build-stamp.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The last file of each half of a build. */
const OUTPUTS = ['dist/widget/widget.js.br', 'dist/demo/index.html.br'];

/** `missing` when a part of the build is not there, `stale` when its sources have changed since. */
export function buildState(root: string = ROOT): 'fresh' | 'stale' | 'missing' {
  const built = readBuildStamp(root);
  if (built === null || OUTPUTS.some((file) => !existsSync(path.join(root, file)))) return 'missing';
  return built === hashSources(root) ? 'fresh' : 'stale';
}

/**
 * Builds the widget and the demo when they are missing or stale.
 *
 * @throws Error when that is needed and vite is not installed, or the build fails.
 */
export function ensureBuild(root: string = ROOT): void {
  const state = buildState(root);
  if (state === 'fresh') return;
  const why = state === 'missing' ? 'The widget was not built' : 'The widget is older than its sources';
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  if (!existsSync(vite)) {
    throw new Error(`${why}, and vite is not installed to build it. Run: npm ci && npm run build`);
  }
  console.log(`${why}: building it.`);
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    // A test runner sets NODE_ENV=test, and packages would then give their code for development.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The build failed. The message of vite stands above.');
}

if (import.meta.main) {
  try {
    ensureBuild();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
