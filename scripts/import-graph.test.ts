import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkImports, drawRooms, readGraph } from './import-graph/check-imports.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** Checks a tree of files in a folder of its own. */
function check(files: Record<string, string>): string[] {
  return checkImports(read(files));
}

function read(files: Record<string, string>): ReturnType<typeof readGraph> {
  const root = mkdtempSync(path.join(tmpdir(), 'import-graph-'));
  roots.push(root);
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), code);
  }
  return readGraph(root, ['relay']);
}

describe('files in a circle', () => {
  it.each([
    ['values', `import { b } from './b.ts';`, `import { a } from './a.ts';`],
    ['types alone', `import type { B } from './b.ts';`, `import { type A } from './a.ts';`],
    ['a re-export', `export * from './b.ts';`, `export { a } from './a.ts';`],
    ['a dynamic import', `export const b = () => import('./b.ts');`, `import { a } from './a.ts';`],
    ['a type that is imported in place', `export type B = import('./b.ts').B;`, `import type { A } from './a.ts';`],
    ['an alias', `import { b } from '#relay/b.ts';`, `import { a } from '#relay/a.ts';`],
  ])('are found by %s', (_, a, b) => {
    expect(check({ 'relay/a.ts': a, 'relay/b.ts': b })[0]).toBe(
      'These files import each other: relay/a.ts, relay/b.ts.',
    );
  });

  it('are found across folders, however long the way', () => {
    const files = {
      'relay/http/a.ts': `import '#relay/live/b.ts';`,
      'relay/live/b.ts': `import type { C } from '../store/c.ts';`,
      'relay/store/c.ts': `import type { A } from '#relay/http/a.ts';`,
    };
    expect(check(files)[0]).toContain('relay/http/a.ts, relay/live/b.ts, relay/store/c.ts');
  });
});

describe('an arrow up', () => {
  it('is found where two folders import each other by different files', () => {
    const files = {
      'relay/http/a.ts': `import '../live/b.ts';`,
      'relay/live/b.ts': '',
      'relay/live/c.ts': `import type { D } from '../http/d.ts';`,
      'relay/http/d.ts': '',
    };
    const [problem = '', ...others] = check(files);
    expect(others).toEqual([]);
    expect(problem).toContain('In relay/ these import each other');
    expect(problem).toContain('relay/live/c.ts → relay/http/d.ts');
  });

  it('is found where a folder imports a file beside it that imports the folder', () => {
    const files = {
      'relay/app.ts': `import './http/a.ts';`,
      'relay/http/a.ts': '',
      'relay/http/b.ts': `import type { App } from '../app.ts';`,
    };
    expect(check(files)[0]).toContain('relay/app.ts, relay/http');
  });
});

it('finds nothing where all arrows go down, and leaves tests and packages alone', () => {
  const files = {
    'relay/app.ts': `import { Hono } from 'hono'; import './http/a.ts'; import './store/port.ts';`,
    'relay/http/a.ts': `import '../store/sqlite/s.ts'; // import '../app.ts'`,
    'relay/http/a.test.ts': `import '../app.ts';`,
    'relay/store/port.ts': '',
    'relay/store/sqlite/s.ts': `import type { Port } from '../port.ts';`,
    'relay/store/testing/stage.ts': `import '../../app.ts';`,
  };
  const graph = read(files);
  expect(checkImports(graph)).toEqual([]);
  expect(drawRooms(graph).split('\n')).toEqual([
    ...['relay/', '   2  app.ts', '   1  http', '   0  store'],
    ...['relay/store/', '   1  sqlite', '   0  port.ts'],
  ]);
});
