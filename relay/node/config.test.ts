import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ConfigError, readConfig, SETTING_NAMES } from './config.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it('has a default for everything', () => {
  expect(readConfig({})).toMatchObject({
    port: 8787,
    host: '127.0.0.1',
    isLoopback: true,
    store: { kind: 'sqlite', path: './data/relay.db' },
    storeLabel: './data/relay.db',
    model: { name: 'demo', tokensPerSecond: 40 },
    timeouts: { firstChunkMs: 60_000, chunkMs: 30_000, totalMs: 600_000 },
    takeover: 'restart',
    leaseMs: 10_000,
    drainMs: 25_000,
    secret: undefined,
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
});

it('takes a setting that is set to nothing for one that is not set', () => {
  expect(readConfig({ PORT: '', MODEL_BASE_URL: '', RELAY_SECRET: '' })).toEqual(readConfig({}));
});

it('has an example file with every setting, at its default, explained', () => {
  const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n');
  const settings = lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split('=', 2) as [string, string]);
  expect(readConfig(Object.fromEntries(settings))).toEqual(readConfig({}));
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

it.each([{ ENGINE: 'upstash-workflow' }])('says honestly that %o is not there yet', (env) => {
  expect(problemsOf(env)).toEqual([expect.stringContaining('is not available in this version')]);
});

it.each([
  'redis://localhost',
  'rediss://user:p%40ss@localhost:1/2',
  'redis-cluster://a:1,b:2',
  'redis-sentinel://a:1/name',
])('takes %s for a store that relays share, and wants the secret that they share', (STORE) => {
  expect(problemsOf({ STORE })).toEqual([expect.stringMatching(/^RELAY_SECRET must be set/)]);
  const { store, storeLabel } = readConfig({
    STORE,
    RELAY_SECRET: 'x'.repeat(16),
    KEY_PREFIX: 'chat',
    ALLOW_EVICTION: 'true',
  });
  expect(store).toEqual({ kind: 'redis', url: STORE, prefix: 'chat', allowEviction: true });
  expect(storeLabel).not.toContain('p%40ss');
});

it('takes upstash: for a store that relays share, with an address and a token of its own', () => {
  expect(problemsOf({ STORE: 'upstash:' })).toEqual([
    expect.stringMatching(/^RELAY_SECRET must be set/),
    expect.stringMatching(/^UPSTASH_REDIS_REST_URL must be set/),
    expect.stringMatching(/^UPSTASH_REDIS_REST_TOKEN must be set/),
  ]);
  const { store, storeLabel } = readConfig({
    STORE: 'upstash:',
    RELAY_SECRET: 'x'.repeat(16),
    UPSTASH_REDIS_REST_URL: 'https://eu1-a-b-1.upstash.io',
    UPSTASH_REDIS_REST_TOKEN: 'token',
  });
  expect(store).toEqual({ kind: 'upstash', url: 'https://eu1-a-b-1.upstash.io', token: 'token', prefix: 'rc' });
  expect(storeLabel).toBe('https://eu1-a-b-1.upstash.io');
  expect(problemsOf({ STORE: 'upstash:x' })).toContainEqual(expect.stringMatching(/^STORE must be/));
});

it('reads how a half-written reply is taken on', () => {
  for (const takeover of ['restart', 'continue', 'fail'])
    expect(readConfig({ ON_TAKEOVER: takeover }).takeover).toBe(takeover);
});

it('wants a key for the gateway, under either name', () => {
  const MODEL = 'gateway:openai/gpt-5';
  expect(problemsOf({ MODEL })).toEqual([expect.stringMatching(/^MODEL_API_KEY must be set/)]);
  expect(readConfig({ MODEL, MODEL_API_KEY: 'a' }).model).toMatchObject({ name: MODEL, apiKey: 'a' });
  expect(readConfig({ MODEL, AI_GATEWAY_API_KEY: 'b' }).model.apiKey).toBe('b');
  expect(readConfig({ AI_GATEWAY_API_KEY: 'b' }).model.apiKey).toBeUndefined();
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
  ['QSTASH_URL', 'ftp://x'],
])('refuses %s=%s', (name, value) => {
  expect(problemsOf({ [name]: value })[0]).toMatch(new RegExp(`^${name} must be `));
});

it('reads lists', () => {
  const { origins, trustedProxies } = readConfig({
    ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080,null',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
  });
  expect(origins.allowed).toEqual(['https://a.example', 'http://b.example:8080', 'null']);
  expect(trustedProxies).toEqual([
    { network: { bits: 32, value: 0x0a000000n }, prefix: 8 },
    { network: { bits: 128, value: 1n }, prefix: 128 },
  ]);
});
