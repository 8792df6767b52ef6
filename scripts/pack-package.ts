/**
 * Part of `npm run check`: packs what `npm publish` would send, for publint and attw to judge: .tmp/package.tgz. The
 * modules in dist/package are built again when a source is newer. attw leaves `./widget.js` out: it is for a script
 * tag, and has nothing to import.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { ensureBuild, ROOT } from './ensure-build.ts';

const FOLDER = path.join(ROOT, '.tmp');
/** What scripts/build-package.ts writes last, and what it reads. */
const BUILT = 'dist/custom-elements.json';
const SOURCES = ['{shared,relay,widget}/**', 'scripts/build-package.ts', 'scripts/element-manifest.ts', '*.json'];

ensureBuild();
if (isStale()) run(process.execPath, ['--disable-warning=ExperimentalWarning', 'scripts/build-package.ts']);
mkdirSync(FOLDER, { recursive: true });
// Without the scripts: `prepack` would build everything once more.
const [packed] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', FOLDER])) as {
  filename: string;
}[];
if (!packed) throw new Error('npm pack has packed nothing.');
renameSync(path.join(FOLDER, packed.filename), path.join(FOLDER, 'package.tgz'));

function isStale(): boolean {
  const built = statSync(path.join(ROOT, BUILT), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return globSync(SOURCES, { cwd: ROOT }).some((file) => statSync(path.join(ROOT, file)).mtimeMs > built);
}

function run(program: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout;
}
