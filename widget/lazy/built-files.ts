/**
 * File names of the modules that are loaded when they are first needed, relative to the file that loads them. Empty in
 * the sources and in the npm package, where a bundler names its own files; the build of the script tag fills it
 * (scripts/vite/widget-files.ts).
 */
export const BUILT_FILES: Readonly<Record<string, string>> = {};

/** The address of the file that these names are relative to. Apart from where it is used: bundlers look for such pairs. */
export const FILES_BASE: string = import.meta.url;
