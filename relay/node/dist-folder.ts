import { fileURLToPath } from 'node:url';

/** `dist/`, which holds the built widget and demo page; found from the sources as well as from the package. */
export const DIST_FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist' : '../../..', import.meta.url),
);
