import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ROOT } from '../scripts/ensure-build.ts';
import { freePort } from './support/relay-process.ts';
import { askStatus, spawnScript } from './support/spawn-script.ts';
import { until } from './support/wait.ts';

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;

beforeAll(() => {
  const built = spawnSync(process.execPath, ['scripts/build-package.ts'], { cwd: ROOT, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
});

it('has every file that its manifest names', () => {
  const files = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  );
  expect(files.length).toBeGreaterThan(8);
  for (const file of [...files, ...Object.values(manifest.bin)]) {
    expect(existsSync(path.join(ROOT, file)), file).toBe(true);
  }
});

it.each(['resumable-chat/relay', 'resumable-chat/relay/sqlite', 'resumable-chat/relay/redis', 'resumable-chat/client', 'resumable-chat/protocol'])(
  'can be imported as %s where there is no TypeScript',
  (name) => {
    const code = `console.log(Object.keys(await import('${name}')).length)`;
    const args = ['--no-strip-types', '--input-type=module', '--eval', code];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(0);
  },
);

it('has a relay that serves the widget', async () => {
  const port = await freePort();
  const settings = { PORT: String(port), STORE: 'sqlite::memory:' };
  const relay = spawnScript(['--no-strip-types', manifest.bin['resumable-chat-relay'] ?? ''], settings);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await until('the relay is ready', async () => (await askStatus(origin, '/readyz')) === 200);
    expect(await askStatus(origin, '/widget.js')).toBe(200);
  } finally {
    relay.process.kill('SIGKILL');
  }
});
