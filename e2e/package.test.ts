import { spawnSync } from 'node:child_process';
import { stripTypeScriptTypes } from 'node:module';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { ROOT } from '../scripts/ensure-build.ts';
import { askStatus, spawnScript } from '#testkit/processes/spawn-script.ts';
import { until } from '#testkit/wait.ts';

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  bin: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;

beforeAll(() => {
  const built = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'scripts/build-package.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
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

const WITHOUT_A_PAGE = [
  'element',
  'relay',
  'relay/node',
  'relay/sqlite',
  'relay/redis',
  'relay/upstash',
  'client',
  'protocol',
];

it.each(WITHOUT_A_PAGE)('can be imported as resumable-chat/%s where there is neither a page nor TypeScript', (part) => {
  expect(Number(importInNode(`resumable-chat/${part}`))).toBeGreaterThan(0);
});

it('can be imported for its element by a server that writes pages', () => {
  expect(importInNode('resumable-chat')).toBe('0');
});

it('leaves the configuration of zod, which a host may share with it, as it was', () => {
  const parts = ['', ...WITHOUT_A_PAGE.map((part) => `/${part}`)].map((part) => `resumable-chat${part}`);
  // The schemas of the AI SDK make zod set its own defaults.
  const code = `import 'ai';
import { config } from 'zod';
const before = Object.keys(config());
for (const part of ${JSON.stringify(parts)}) await import(part);
console.log(JSON.stringify([before, Object.keys(config())]));`;
  const args = ['--no-strip-types', '--input-type=module', '--eval', code];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(stderr).toBe('');
  const [before, after] = JSON.parse(stdout) as [unknown, unknown];
  expect(after).toEqual(before);
});

/** How many names the import gives. */
function importInNode(name: string): string {
  const code = `console.log(Object.keys(await import('${name}')).length)`;
  const args = ['--no-strip-types', '--input-type=module', '--eval', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

it('ships nothing that only tests need, but for the suites of resumable-chat/testing', () => {
  const suites = /\/relay\/(store\/testing\/(index\.js$|conformance\/)|engine\/testing\/)/;
  const shipped = globSync('dist/package/**/*.js', { cwd: ROOT }).filter((file) => !suites.test(file));
  expect(shipped.length).toBeGreaterThan(100);
  expect(shipped.filter((file) => /\.test\.js$|\/(testing|conformance|rules)\//.test(file))).toEqual([]);
});

/** What the examples of the docs leave to their reader. */
const GIVEN = `import type { LanguageModel, ToolSet } from 'ai';
import type { Hono } from 'hono';
import type { ChatView } from 'resumable-chat/client';
declare const yourModel: LanguageModel;
declare const weather: ToolSet[string];
declare const app: Hono;
declare function render(messages: ChatView['messages'], status: ChatView['status']): void;
`;

/** The TypeScript of a page of the docs. */
function examplesOf(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);
}

it('has types that the examples of the docs fit', () => {
  mkdirSync(path.join(ROOT, '.tmp'), { recursive: true });
  const folder = mkdtempSync(path.join(ROOT, '.tmp/examples-'));
  try {
    const examples = ['README.md', 'docs/element.md', 'docs/running.md'].flatMap(examplesOf);
    expect(examples.length).toBeGreaterThanOrEqual(3);
    // A page may import the element both ways.
    examples.push(
      "import 'resumable-chat';\nimport { ResumableChat } from 'resumable-chat/element';\nexport const chat: ResumableChat = document.createElement('resumable-chat');\nchat.addEventListener('rc-message', ({ detail }) => console.log(detail.message.id satisfies string));\n",
    );
    for (const [index, code] of examples.entries())
      writeFileSync(path.join(folder, `example-${index}.ts`), GIVEN + code);
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: 'es2022',
      module: 'nodenext',
      types: ['node'],
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('has a relay that serves the widget', async () => {
  const port = await freePort();
  const settings = { PORT: String(port), STORE: 'sqlite::memory:' };
  const relay = spawnScript(['--no-strip-types', manifest.bin['resumable-chat-relay'] ?? ''], settings);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await until('the relay is ready', async () => (await askStatus(origin, '/readyz')) === 200);
    const widget = await fetch(`${origin}/widget.js`, { headers: { 'accept-encoding': 'br' } });
    expect([widget.status, widget.headers.get('content-encoding')]).toEqual([200, 'br']);
    expect(await widget.text()).toContain('resumable-chat');
  } finally {
    relay.process.kill('SIGKILL');
  }
});

/** A model and a tool, as an embedder brings them. */
const EMBEDDED = `import { MockLanguageModelV4 } from 'ai/test';
const yourModel = new MockLanguageModelV4();
const weather = {};
`;

it('has a relay that serves the widget, limits and trusts a proxy in the server of an embedder', async () => {
  mkdirSync(path.join(ROOT, '.tmp'), { recursive: true });
  const folder = mkdtempSync(path.join(ROOT, '.tmp/embedder-'));
  const [example = ''] = examplesOf('docs/running.md');
  writeFileSync(path.join(folder, 'server.mjs'), EMBEDDED + stripTypeScriptTypes(example));
  const port = await freePort();
  const settings = { PORT: String(port), RELAY_SECRET: 'x'.repeat(32) };
  const server = spawnScript(['--no-strip-types', path.join(folder, 'server.mjs')], settings, folder);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await until('the relay is ready', async () => (await askStatus(origin, '/readyz')) === 200);
    expect(await askStatus(origin, '/widget.js')).toBe(200);
    expect(await promptsUntilRefused(origin, '198.51.100.1')).toEqual({ accepted: 60, status: 429 });
    // The limit is that of one visitor, whom the proxy names.
    expect(await promptsUntilRefused(origin, '198.51.100.2')).toEqual({ accepted: 60, status: 429 });
    server.process.kill('SIGTERM');
    await until('the server has ended', async () => server.process.exitCode !== null);
    expect(server.process.exitCode, server.output()).toBe(0);
  } finally {
    server.process.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

/** Sends prompts, each to a session of its own, as a visitor of this address behind a proxy. */
async function promptsUntilRefused(origin: string, visitor: string): Promise<{ accepted: number; status: number }> {
  const post = (route: string, body: object, token?: string) =>
    fetch(origin + route, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': visitor,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
  for (let accepted = 0; ; accepted += 1) {
    const { sessionId, token } = (await (await post('/api/sessions', {})).json()) as Record<string, string>;
    const { status } = await post('/api/llm-stream', { sessionId, prompt: 'Hello?' }, token);
    if (status !== 202) return { accepted, status };
  }
}
