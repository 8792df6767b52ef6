import { fileURLToPath } from 'node:url';

/** The folder that the widget and the demo page are built to: `dist/`, seen from the sources and from the package. */
export const DIST_FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist' : '../../..', import.meta.url),
);
