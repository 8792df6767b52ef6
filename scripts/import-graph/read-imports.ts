import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'vite';

/**
 * The files of this repository that a module imports, relative to `root`: by static and dynamic imports, re-exports and
 * imports of types alone. Packages are left out.
 *
 * @throws Error when the module cannot be parsed, or imports through an alias that is not a top folder.
 */
export function readImports(root: string, file: string): string[] {
  const code = readFileSync(path.join(root, file), 'utf8');
  const { module, program, errors } = parseSync(file, code);
  const [error] = errors;
  if (error) throw new Error(`${file} cannot be parsed: ${error.message}`);
  const specifiers = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value)),
    ...module.dynamicImports.map(({ moduleRequest }) => unquote(code.slice(moduleRequest.start, moduleRequest.end))),
    // `import('./x.ts').X` in a type. Walking the tree is slow, and few modules have one.
    ...(/\bimport\(/.test(code) ? importTypes(program) : []),
  ];
  return [...new Set(specifiers.flatMap((specifier) => resolve(file, specifier)))];
}

/** `#relay/app.ts` and `./app.ts` as a path from the root; nothing for a package. */
function resolve(file: string, specifier: string | undefined): string[] {
  if (specifier === undefined) return [];
  const [bare = ''] = specifier.split('?');
  if (bare.startsWith('#')) return [bare.slice(1)];
  return bare.startsWith('.') ? [path.posix.join(path.posix.dirname(file), bare)] : [];
}

function unquote(expression: string): string | undefined {
  return /^(['"`])(.*)\1$/s.exec(expression)?.[2];
}

function importTypes(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { type, source } = node as { type?: string; source?: { value?: unknown } };
  const own = type === 'TSImportType' && typeof source?.value === 'string' ? [source.value] : [];
  return [...own, ...Object.values(node).flatMap(importTypes)];
}
