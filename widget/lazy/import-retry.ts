import { BUILT_FILES, FILES_BASE } from './built-files.ts';

/**
 * Imports a built file by an address that was not asked for before. Null for the first attempt, and where the package is
 * bundled by others and the file's name is not known: there the plain `import()` is tried again.
 */
export function importRetry<Module>(name: string, failures: number): Promise<Module> | null {
  const file = BUILT_FILES[name];
  if (failures === 0 || file === undefined) return null;
  const address = new URL(`${file}?retry=${failures}`, FILES_BASE).href;
  return import(/* @vite-ignore */ /* webpackIgnore: true */ address) as Promise<Module>;
}
