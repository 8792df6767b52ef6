import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'vite';

/** What the widget and the demo are built from, as paths from the repository's root. */
const SOURCES = [
  'shared',
  'widget',
  'demo',
  'scripts/vite',
  'relay/http/accept-encoding.ts',
  'vite.config.ts',
  'tsconfig.json',
  'package-lock.json',
];

const STAMP = 'dist/build.json';

interface Stamp {
  /** `hashSources` of the sources that were built. */
  sources: string;
}

/**
 * A hash of the sources' names and contents, tests aside. Not their times: copying a checkout sets those anew, and
 * switching branches may set them back.
 */
export function hashSources(root: string): string {
  const hash = createHash('sha256');
  const files = SOURCES.filter((source) => existsSync(path.join(root, source))).flatMap((source) =>
    statSync(path.join(root, source)).isFile() ? [source] : filesBelow(root, source),
  );
  for (const file of files.toSorted()) {
    const bytes = readFileSync(path.join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function filesBelow(root: string, folder: string): string[] {
  return globSync(`${folder}/**`, { cwd: root, withFileTypes: true, exclude: ({ name }) => name.endsWith('.test.ts') })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}

/** The hash of the sources that `dist` was built from; null when it holds no finished build. */
export function readBuildStamp(root: string): string | null {
  const file = path.join(root, STAMP);
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, 'utf8')) as Stamp).sources;
}

/** Records which sources were built, once everything has been built: see ensure-build.ts. */
export function buildStamp(): Plugin[] {
  let stamp: Stamp;
  return [
    {
      name: 'build-stamp:begin',
      buildApp: {
        order: 'pre',
        async handler({ config: { root } }) {
          // A build that fails halfway leaves none.
          rmSync(path.join(root, STAMP), { force: true });
          stamp = { sources: hashSources(root) };
        },
      },
    },
    {
      name: 'build-stamp:end',
      buildApp: {
        order: 'post',
        async handler({ config: { root } }) {
          mkdirSync(path.join(root, path.dirname(STAMP)), { recursive: true });
          writeFileSync(path.join(root, STAMP), `${JSON.stringify(stamp)}\n`);
        },
      },
    },
  ];
}
