import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { askStatus, spawnScript } from '#testkit/processes/spawn-script.ts';
import { until } from '#testkit/wait.ts';
import { ROOT } from './ensure-build.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A copy of the sources, to which the examples of docs/extending.md are added. */
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'resumable-chat-extending-'));
  for (const part of ['relay', 'shared', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(ROOT, part), path.join(copy, part), {
      recursive: true,
      filter: (source) => !/\.test\.ts$|\/testing(-suites\.ts)?$/.test(source),
    });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  for (const { file, code } of readExamples()) addExample(path.join(copy, file), code);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** The blocks of the page that name a file of the relay in their first line. */
function readExamples(): { file: string; code: string }[] {
  const text = readFileSync(path.join(ROOT, 'docs/extending.md'), 'utf8');
  return [...text.matchAll(/^```ts\n\/\/ (relay\/\S+\.ts)\n([^]*?)^```$/gm)].map(([, file = '', code = '']) => ({
    file,
    code,
  }));
}

/** Writes a new file, or adds lines to a registry: exports at its end, imports at its top, routes below the others. */
function addExample(file: string, code: string): void {
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, code);
    return;
  }
  let text = readFileSync(file, 'utf8');
  for (const line of code.trimEnd().split('\n')) {
    if (line.startsWith('import ')) text = `${line}\n${text}`;
    else if (line.startsWith('export ')) text = `${text}${line}\n`;
    else text = text.replace(/^ {2}route\(ROUTES\.feedback.*$/m, (route) => `${route}\n${line}`);
  }
  writeFileSync(file, text);
}

it('the page shows an addition of each kind, and the line that registers it', () => {
  expect(readExamples().map(({ file }) => file)).toEqual([
    'relay/store/scratch/driver.ts',
    'relay/node/store-drivers.ts',
    'relay/generation/models/echo/provider.ts',
    'relay/generation/models/providers.ts',
    'relay/routes/count-messages.ts',
    'relay/app.ts',
  ]);
});

it('the additions fit the types', () => {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', copy], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

it('the settings of an addition are checked at start', () => {
  const { status, stderr } = spawnSync(process.execPath, [path.join(copy, 'relay/node/main.ts')], {
    cwd: copy,
    encoding: 'utf8',
    env: { STORE: 'scratch:a', MODEL: 'echo', ECHO_TIMES: 'x' },
  });
  expect(stderr.trim().split('\n').slice(1)).toEqual([
    '  ECHO_TIMES must be a whole number from 1 to 10.',
    '  SCRATCH_FOLDER must be set with STORE=scratch:…, to a folder that may be emptied.',
  ]);
  expect(status).toBe(1);
});

it('a relay runs with the store, the model and the route that were added', async () => {
  const port = await freePort();
  const settings = { PORT: String(port), STORE: 'scratch:chat', MODEL: 'echo', ECHO_TIMES: '2', SCRATCH_FOLDER: copy };
  const relay = spawnScript([path.join(copy, 'relay/node/main.ts')], settings, copy);
  try {
    const origin = `http://127.0.0.1:${port}`;
    await until('the relay is ready', async () => (await askStatus(origin, '/readyz')) === 200);
    const post = (route: string, body: object, token?: string) =>
      fetch(origin + route, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        body: JSON.stringify(body),
      });
    const { sessionId, token = '' } = (await (await post('/api/sessions', {})).json()) as Record<string, string>;
    const ask = async (route: string) =>
      (await fetch(origin + route, { headers: { authorization: `Bearer ${token}` } })).text();
    expect((await post('/api/llm-stream', { sessionId, prompt: 'Echo!' }, token)).status).toBe(202);
    await until('the model has answered', async () =>
      (await ask(`/api/sessions/${sessionId}`)).includes('Echo! Echo! '),
    );
    expect(await ask(`/api/sessions/${sessionId}/count`)).toBe('{"count":2}');
    expect(existsSync(path.join(copy, 'chat.db'))).toBe(true);
  } finally {
    relay.process.kill('SIGKILL');
  }
});
