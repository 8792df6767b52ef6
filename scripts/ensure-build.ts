import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What `vite build` makes, and what it makes it from. */
const OUTPUTS = [
  'dist/widget/widget.js',
  'dist/widget/widget.js.br',
  'dist/demo/index.html',
  'dist/demo/index.html.br',
];
const SOURCES = ['shared', 'widget', 'demo', 'scripts/vite', 'vite.config.ts', 'tsconfig.json', 'package-lock.json'];

/** `missing` when a part of the build is not there, `stale` when a source is newer than it. */
export function buildState(root: string = ROOT): 'fresh' | 'stale' | 'missing' {
  const built = OUTPUTS.map((file) => modified(path.join(root, file)));
  if (built.some((time) => time === null)) return 'missing';
  const oldest = Math.min(...built.map((time) => time ?? 0));
  return SOURCES.some((source) => newest(path.join(root, source)) > oldest) ? 'stale' : 'fresh';
}

/**
 * Builds the widget and the demo when they are missing (or, if asked, stale). In production what is there is served
 * as it is, so that a relay whose files were copied about does not need the build's tools.
 *
 * @throws Error when the build fails.
 */
export function ensureBuild(options: { rebuildStale: boolean }): void {
  const state = buildState();
  if (state === 'fresh' || (state === 'stale' && !options.rebuildStale)) return;
  console.log(state === 'missing' ? 'Building the widget and the demo.' : 'The sources have changed: building anew.');
  const vite = path.join(ROOT, 'node_modules/vite/bin/vite.js');
  // Whoever asks may be a test runner, which says 'test' there: packages would give what they have for development.
  const env = { ...process.env, NODE_ENV: 'production' };
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The build failed; what vite said stands above.');
}

function modified(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/** The time of the newest file that a build is made from, tests aside; 0 when there is none. */
function newest(target: string): number {
  const stats = statSync(target, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  let time = 0;
  for (const entry of readdirSync(target)) {
    if (!entry.endsWith('.test.ts')) time = Math.max(time, newest(path.join(target, entry)));
  }
  return time;
}

if (import.meta.main) ensureBuild({ rebuildStale: process.argv.includes('--stale') });
