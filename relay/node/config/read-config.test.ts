import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SettingsError } from '../../util/settings.ts';
import { readConfig, SETTING_NAMES } from './read-config.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

/** What a set of settings chooses, where functions are left out: only their results tell them apart. */
const chosen = (env: Record<string, string> = {}) => JSON.parse(JSON.stringify(readConfig(env))) as object;

it('has a default for everything', () => {
  expect(chosen()).toEqual({
    port: 8787,
    host: '127.0.0.1',
    isLoopback: true,
    store: { label: './data/relay.db', secretFile: './data/relay.db.secret' },
    model: { name: 'demo' },
    timeouts: { firstChunkMs: 60_000, chunkMs: 30_000, totalMs: 600_000 },
    takeover: 'restart',
    leaseMs: 10_000,
    drainMs: 25_000,
    origins: { allowed: 'own', loopback: true },
    trustedProxies: [],
    sessionTtlMs: 86_400_000,
    maxOutputTokens: 4096,
    logLevel: 'info',
    limits: {
      maxPromptBytes: 8192,
      maxBodyBytes: 32_768,
      streams: { perSession: 20, perAddress: 100, total: 10_000 },
      prompts: { perSession: 20, perAddress: 60 },
    },
  });
  expect(readConfig({}).model.create()).toMatchObject({ modelId: 'demo' });
});

it('treats an empty setting as not set', () => {
  expect(chosen({ PORT: '', MODEL_BASE_URL: '', RELAY_SECRET: '', STORE: '', MODEL: '' })).toEqual(chosen());
});

it('has an example file with every setting, its default and an explanation', () => {
  const lines = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8').split('\n');
  const settings = lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split('=', 2) as [string, string]);
  expect(chosen(Object.fromEntries(settings))).toEqual(chosen());
  expect(settings.map(([name]) => name).toSorted()).toEqual(SETTING_NAMES.toSorted());
  // Each stands below a line that explains it, or below another that shares its explanation.
  for (const [name] of settings)
    expect(lines[lines.findIndex((line) => line.startsWith(`${name}=`)) - 1]).toMatch(/^(#|[A-Z])/);
});

it('names every problem at once, with what the setting should be', () => {
  const problems = problemsOf({
    PORT: '80000',
    HOST: '0.0.0.0',
    STORE: 'mongodb://x',
    MODEL: 'openai-compatible:gpt',
    MODEL_API_KEY: 'sk-1\n',
    ALLOWED_ORIGINS: '*',
    LEASE_MS: '1e4',
    SESSION_TTL_SECONDS: '0',
    RELAY_SECRET: 'short',
    TRUSTED_PROXIES: '10.0.0.0/33',
    LOG_LEVEL: 'loud',
    MAX_STREAMS: '-1',
  });
  const names = [
    'PORT',
    'STORE',
    'LEASE_MS',
    'RELAY_SECRET',
    'TRUSTED_PROXIES',
    'SESSION_TTL_SECONDS',
    'LOG_LEVEL',
    'MAX_STREAMS',
    'ALLOWED_ORIGINS',
    'MODEL_BASE_URL',
    'MODEL_API_KEY',
  ];
  for (const name of names)
    expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${name} must be .+\\.$`)));
  expect(problems).toHaveLength(names.length);
  expect(problems.join()).not.toContain('short');
});

it('refuses an engine that this version does not have, and takes the one it has', () => {
  expect(problemsOf({ ENGINE: 'upstash-workflow' })).toEqual([
    'ENGINE must be relay or not set: this version has no other engine.',
  ]);
  expect(chosen({ ENGINE: 'relay' })).toEqual(chosen());
});

it('refuses prompts larger than the body that they come in', () => {
  const wrong = { MAX_PROMPT_BYTES: '32768', MAX_BODY_BYTES: '32768' };
  expect(problemsOf(wrong)).toEqual([
    'MAX_PROMPT_BYTES must be at most 32256, so that its request fits into MAX_BODY_BYTES.',
  ]);
  for (const right of [{ MAX_PROMPT_BYTES: '32256' }, { MAX_PROMPT_BYTES: '0' }, { MAX_BODY_BYTES: '0' }])
    expect(problemsOf({ ...wrong, ...right })).toEqual([]);
});

it.each([
  'redis://localhost',
  'rediss://user:p%40ss@localhost:1/2',
  'redis-cluster://a:1,b:2',
  'redis-sentinel://a:1/name',
])('accepts %s as a shared store, which needs RELAY_SECRET', (STORE) => {
  expect(problemsOf({ STORE })).toEqual([expect.stringMatching(/^RELAY_SECRET must be set/)]);
  const { store } = readConfig({ STORE, RELAY_SECRET: 'x'.repeat(16) });
  expect(store.label).not.toContain('p%40ss');
  expect(store.secretFile).toBeUndefined();
});

it('accepts upstash: as a shared store, which needs a URL and a token', () => {
  expect(problemsOf({ STORE: 'upstash:' })).toEqual([
    expect.stringMatching(/^UPSTASH_REDIS_REST_URL must be set/),
    expect.stringMatching(/^UPSTASH_REDIS_REST_TOKEN must be set/),
    expect.stringMatching(/^RELAY_SECRET must be set/),
  ]);
  const { store } = readConfig({
    STORE: 'upstash:',
    RELAY_SECRET: 'x'.repeat(16),
    UPSTASH_REDIS_REST_URL: 'https://eu1-a-b-1.upstash.io',
    UPSTASH_REDIS_REST_TOKEN: 'token',
  });
  expect(store.label).toBe('https://eu1-a-b-1.upstash.io');
  expect(problemsOf({ STORE: 'upstash:x' })).toContainEqual(expect.stringMatching(/^STORE must be/));
});

it('keeps no secret beside a store in memory', () => {
  expect(readConfig({ STORE: 'sqlite::memory:' }).store).toMatchObject({ label: ':memory:' });
  expect(readConfig({ STORE: 'sqlite::memory:' }).store.secretFile).toBeUndefined();
});

it('reads how a half-written reply is taken over', () => {
  for (const takeover of ['restart', 'continue', 'fail'])
    expect(readConfig({ ON_TAKEOVER: takeover }).takeover).toBe(takeover);
});

it('needs a key for the gateway, under either name', () => {
  const MODEL = 'gateway:openai/gpt-5';
  expect(problemsOf({ MODEL })).toEqual([expect.stringMatching(/^MODEL_API_KEY must be set/)]);
  for (const name of ['MODEL_API_KEY', 'AI_GATEWAY_API_KEY'])
    expect(readConfig({ MODEL, [name]: 'a' }).model.create()).toMatchObject({ modelId: 'openai/gpt-5' });
});

it('checks the settings of stores and models that were not chosen too', () => {
  expect(problemsOf({ UPSTASH_REDIS_REST_URL: 'ftp://x', MODEL_BASE_URL: 'x' })).toEqual([
    expect.stringMatching(/^UPSTASH_REDIS_REST_URL must be/),
    expect.stringMatching(/^MODEL_BASE_URL must be/),
  ]);
});

it.each([
  ['HOST', 'a b'],
  ['ALLOWED_ORIGINS', 'https://example.com/'],
  ['ALLOWED_ORIGINS', 'example.com'],
  ['ALLOWED_ORIGINS', ','],
  ['MODEL', 'openai-compatible:'],
  ['MODEL', 'gateway:gpt'],
  ['ON_TAKEOVER', 'resume'],
  ['STORE', 'sqlite:'],
  ['STORE', 'redis://a:1,b:2'],
  ['STORE', 'redis://a:99999'],
  ['STORE', 'redis-sentinel://a:1'],
  ['ALLOW_EVICTION', 'yes'],
  ['KEY_PREFIX', '{x}'],
])('refuses %s=%s', (name, value) => {
  expect(problemsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name} must be `));
});

it('reads lists', () => {
  const { origins, trustedProxies } = readConfig({
    ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080,null',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
  });
  expect(origins.allowed).toEqual(['https://a.example', 'http://b.example:8080', 'null']);
  expect(trustedProxies).toEqual(['10.0.0.0/8', '::1']);
});
