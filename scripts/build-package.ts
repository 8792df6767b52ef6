/**
 * Builds what the package's `exports` name: JavaScript and declarations of shared, relay and widget, module by module,
 * in dist/package. Node runs no TypeScript below node_modules, and the aliases between the top folders mean nothing
 * there: so types are stripped (each line keeps its number) and specifiers become relative. tsc alone cannot do that: its
 * `rewriteRelativeImportExtensions` refuses aliases (TS2877).
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { makeElementManifest } from './element-manifest.ts';
import { ROOT } from './ensure-build.ts';

const OUT = path.join(ROOT, 'dist/package');

rmSync(OUT, { recursive: true, force: true });
const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.package.json'], { cwd: ROOT, stdio: 'inherit' });
if (status !== 0) throw new Error('The declarations could not be made; what tsc said stands above.');

const readLua = path.join(ROOT, 'relay/store/redis/read-lua.ts');
// What ships is what tsconfig.package.json includes, and whatever that imports.
for (const declarations of globSync('**/*.d.ts', { cwd: OUT })) {
  const file = declarations.replace(/\.d\.ts$/, '.ts');
  const javascript =
    path.join(ROOT, file) === readLua
      ? await inlineLua()
      : stripTypeScriptTypes(readFileSync(path.join(ROOT, file), 'utf8'));
  const target = path.join(OUT, file.replace(/\.ts$/, '.js'));
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, makeRelative(javascript, file));
}
for (const file of globSync('**/*.d.ts', { cwd: OUT })) {
  const target = path.join(OUT, file);
  writeFileSync(target, makeRelative(readFileSync(target, 'utf8'), file));
}

writeFileSync(
  path.join(ROOT, 'dist/custom-elements.json'),
  `${JSON.stringify(await makeElementManifest(), null, 2)}\n`,
);

/** The module that reads the scripts of the shared stores, with their texts in it: there may be no files at the edge. */
async function inlineLua(): Promise<string> {
  const { readLua: read } = (await import(readLua)) as typeof import('../relay/store/redis/read-lua.ts');
  const names = globSync('relay/store/redis/lua/*.lua', { cwd: ROOT }).map((file) => path.basename(file, '.lua'));
  const texts = Object.fromEntries(names.toSorted().map((name) => [name, read(name)]));
  return `const TEXTS = ${JSON.stringify(texts, null, 2)};\n\nexport function readLua(name) {\n  return TEXTS[name];\n}\n`;
}

/** `#shared/ids.ts` and `./ids.ts` become `../shared/ids.js` and `./ids.js`. */
function makeRelative(code: string, file: string): string {
  return code.replace(
    /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\.ts\2/g,
    (_, keyword: string, quote: string, target: string) => {
      return `${keyword}${quote}${resolve(target, file)}.js${quote}`;
    },
  );
}

function resolve(target: string, file: string): string {
  if (!target.startsWith('#')) return target;
  const relative = path.posix.relative(path.posix.dirname(file), target.slice(1));
  return relative.startsWith('.') ? relative : `./${relative}`;
}
