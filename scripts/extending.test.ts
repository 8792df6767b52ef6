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
  for (const part of ['relay', 'shared', 'widget', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(ROOT, part), path.join(copy, part), {
      recursive: true,
      filter: (source) => !/\.test\.ts$|\/testing(-suites\.ts)?$/.test(source),
    });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'));
  for (const { file, code } of readExamples()) addExample(path.join(copy, file), code);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** The blocks of the page that name a file in their first line. */
function readExamples(): { file: string; code: string }[] {
  const text = readFileSync(path.join(ROOT, 'docs/extending.md'), 'utf8');
  return [...text.matchAll(/^```ts\n\/\/ ((?:relay|widget)\/\S+\.ts)\n([^]*?)^```$/gm)].map(
    ([, file = '', code = '']) => ({
      file,
      code,
    }),
  );
}

/** The last line of each registry that is a list. */
const LAST_ENTRY = /^ {2}(?:route\(ROUTES\.feedback.*|sources,|de: .*)$/m;

/** Writes a new file, or adds lines to a registry: exports at its end, imports at its top, entries below the others. */
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
    else text = text.replace(LAST_ENTRY, (entry) => `${entry}\n${line}`);
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
    'widget/parts/weather.ts',
    'widget/parts/index.ts',
    'widget/locales/fr.ts',
    'widget/locales/index.ts',
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

/** What a module in the copy prints. */
function run(code: string): unknown {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

it('the widget draws the part that was added, and says what it cannot show', () => {
  const drawn = run(`
    import { renderPart } from './widget/parts/index.ts';
    import { en } from './widget/locales/en.ts';
    const parts = [{ place: 'Oslo', sky: 'rain' }, { place: 'Oslo', sky: { strings: [] } }, null];
    const results = parts.map((data) => renderPart({ type: 'data-weather', data }, { strings: en }));
    console.log(JSON.stringify(results.map(({ values }) => values)));
  `);
  expect(drawn).toEqual([['Oslo', 'rain'], ['This part could not be shown.'], ['This part could not be shown.']]);
});

it('the widget has the texts of the locale that was added, in the plural of its language', () => {
  const texts = run(`
    import { findLocale } from './widget/locales/index.ts';
    import { count } from './widget/format-text.ts';
    const { strings } = await findLocale('fr-CA').load();
    const { send, launcherUnreadMany, language } = strings;
    console.log(JSON.stringify([send, count(launcherUnreadMany, 0, language), count(launcherUnreadMany, 2, language)]));
  `);
  expect(texts).toEqual(['Envoyer', '0 nouvelle réponse attend', '2 nouvelles réponses attendent']);
});
