import path from 'node:path';
import type { Plugin } from 'vite';

/** Vite writes a page below the folder that its source stands in; a page that is served at `/` stands at the top. */
export function pageAtRoot(): Plugin {
  return {
    name: 'page-at-root',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.fileName.endsWith('.html')) file.fileName = path.basename(file.fileName);
        }
      },
    },
  };
}
