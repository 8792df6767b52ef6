import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { askStatus } from '#testkit/processes/spawn-script.ts';
import { cleanEnvironment } from '#testkit/processes/clean-environment.ts';
import { until } from '#testkit/wait.ts';
import { ROOT } from '../scripts/ensure-build.ts';

/** A checkout of its own, with the build of this one: what an operator has after `git pull`. */
let checkout: string;

const COPIED = ['dist', 'shared', 'relay', 'widget', 'demo', 'scripts', 'package.json', 'package-lock.json'];

beforeEach(() => {
  checkout = mkdtempSync(path.join(tmpdir(), 'resumable-chat-checkout-'));
  for (const name of [...COPIED, 'vite.config.ts', 'tsconfig.json']) {
    cpSync(path.join(ROOT, name), path.join(checkout, name), { recursive: true });
  }
});
afterEach(() => rmSync(checkout, { recursive: true }));

/** `npm run relay`, as a group of processes that is killed together. */
function npmRunRelay(port: number) {
  const child = spawn('npm', ['run', 'relay'], {
    cwd: checkout,
    env: {
      ...cleanEnvironment(),
      // A checkout whose development tools were removed has no Node of its own.
      PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`,
      PORT: String(port),
      STORE: 'sqlite::memory:',
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'close').then(([code]: unknown[]) => code as number | null);
  return { child, ended, output: () => output };
}

const [TITLE, NEW_TITLE] = ['This conversation has expired or was deleted', 'This conversation is over'];

/** As after an upgrade: the widget says something else. */
function changeSource(): void {
  const file = path.join(checkout, 'shared/problem.ts');
  const source = readFileSync(file, 'utf8');
  expect(source).toContain(TITLE);
  writeFileSync(file, source.replace(TITLE, NEW_TITLE));
}

it('npm run relay serves the sources as they are, also after they have changed', async () => {
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(checkout, 'node_modules'));
  changeSource();
  const port = await freePort();
  const relay = npmRunRelay(port);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await until('the relay is ready', async () => (await askStatus(origin, '/readyz')) === 200, { timeoutMs: 60_000 });
    expect(relay.output()).toContain('older than its sources: building it');
    expect(await readWidget(origin)).toContain(NEW_TITLE);
  } finally {
    if (relay.child.pid !== undefined) process.kill(-relay.child.pid, 'SIGKILL');
    await relay.ended;
  }
});

it('npm run relay refuses to start when the widget is stale and cannot be built', async () => {
  mkdirSync(path.join(checkout, 'node_modules'));
  changeSource();
  const relay = npmRunRelay(await freePort());
  expect(await relay.ended).toBe(1);
  expect(relay.output()).toContain(
    'The widget is older than its sources, and vite is not installed to build it. Run: npm ci && npm run build\n',
  );
});

/** The loader and every file that it leads to. */
async function readWidget(origin: string): Promise<string> {
  const read = new Map<string, string>();
  const names = ['widget.js'];
  for (const name of names) {
    const response = await fetch(`${origin}/${name}`);
    expect(response.status, name).toBe(200);
    const code = await response.text();
    read.set(name, code);
    for (const [, next = ''] of code.matchAll(/([\w.-]+-[\w-]{8}\.js)\b/g)) if (!names.includes(next)) names.push(next);
  }
  return [...read.values()].join('\n');
}
