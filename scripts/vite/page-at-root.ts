import path from 'node:path';
import type { Plugin } from 'vite';

/** Moves built pages to the top of the output: vite writes them below the folder of their source, and they are served at `/`. */
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
