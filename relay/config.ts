import * as z from 'zod';
import { parseIpRange, type IpRange } from './middleware/ip-address.ts';
import { isLoopbackHost, type OriginRules } from './middleware/origins.ts';
import { parseRedisAddress } from './store/drivers/redis/redis-address.ts';
import type { StoreConfig } from './store/open-store.ts';

/** What the environment says, checked; `.env.example` says what each means. */
export interface Config {
  port: number;
  host: string;
  /** The host is a loopback address: only this machine can reach the relay. */
  isLoopback: boolean;
  store: StoreConfig;
  /** The store as people may see it: without a password. */
  storeLabel: string;
  model: ModelConfig;
  systemPrompt: string | undefined;
  maxOutputTokens: number;
  timeouts: { firstChunkMs: number; chunkMs: number; totalMs: number };
  /** What becomes of a half-written reply whose relay has died. */
  takeover: (typeof TAKEOVERS)[number];
  leaseMs: number;
  drainMs: number;
  /** Undefined: one is made and kept beside the embedded store. A shared store needs one that all its relays know. */
  secret: string | undefined;
  origins: OriginRules;
  trustedProxies: readonly IpRange[];
  sessionTtlMs: number;
  logLevel: LogLevel;
  limits: {
    maxPromptBytes: number;
    maxBodyBytes: number;
    streams: { perSession: number; perAddress: number; total: number };
    prompts: { perSession: number; perAddress: number };
  };
}

export interface ModelConfig {
  /** As MODEL says: `demo`, `openai-compatible:<model>`, or `gateway:<provider/model>`. */
  name: string;
  baseUrl: string | undefined;
  apiKey: string | undefined;
  tokensPerSecond: number;
}

const TAKEOVERS = ['restart', 'continue', 'fail'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The settings that are wrong, one sentence each. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** A timer cannot wait longer: 2^31 − 1 ms. */
const MAX_MS = 2_147_483_647;
const MIN_SECRET_BYTES = 16;

const integer = (fallback: number, min: number, max: number, unit = '') => {
  const what = `a whole number${unit} from ${min} to ${max}`;
  return z.preprocess(
    (text) => (text === undefined ? fallback : typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text),
    z.number(what).int(what).min(min, what).max(max, what),
  );
};
const milliseconds = (fallback: number, min = 1) => integer(fallback, min, MAX_MS, ' of milliseconds');
/** 0 = none. */
const limit = (fallback: number) => integer(fallback, 0, Number.MAX_SAFE_INTEGER);
const url = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'a URL with http:// or https://')
  .optional();
const text = z.string().optional();
const flag = z.enum(['true', 'false'], 'true or false').default('false');

const notInThisVersion = (what: string) => `${what} is not available in this version`;

/** Where it is and how it lets one in is said by two settings of its own. */
const UPSTASH = 'upstash:';
const STORE_FORMS =
  'sqlite:<path>, sqlite::memory:, redis://[user:password@]host:port, rediss://…, redis-cluster://host:port,host:port, ' +
  'redis-sentinel://host:port,host:port/name or upstash:';
const store = z
  .string()
  .default('sqlite:./data/relay.db')
  .superRefine((value, context) => {
    if (value !== UPSTASH && !/^sqlite:./.test(value) && !parseRedisAddress(value)) context.addIssue(STORE_FORMS);
  });

const model = z
  .string()
  .default('demo')
  .superRefine((value, context) => {
    const isKnown = value === 'demo' || /^openai-compatible:./.test(value) || /^gateway:[^/]+\/./.test(value);
    if (!isKnown) context.addIssue('demo, openai-compatible:<model> or gateway:<provider/model>');
  });

/** One of these, of which only the first is available so far. */
const onlyFirst = (name: string, [available = '', ...later]: readonly string[]) =>
  z
    .string()
    .default(available)
    .superRefine((value, context) => {
      if (later.includes(value)) context.addIssue(`${available} (${notInThisVersion(`${name}=${value}`)})`);
      else if (value !== available) context.addIssue(available);
    });

const origins = text.superRefine((value, context) => {
  if (value === undefined || value === '*') return;
  const isGood = list(value).every((origin) => origin === 'null' || (URL.canParse(origin) && new URL(origin).origin === origin));
  if (!isGood || list(value).length === 0) context.addIssue('origins such as https://example.com, separated by commas');
});

const proxies = text.superRefine((value, context) => {
  if (list(value).some((range) => parseIpRange(range) === null)) {
    context.addIssue('IP addresses or ranges such as 10.0.0.0/8, separated by commas');
  }
});

const environmentSchema = z.object({
  PORT: integer(8787, 0, 65_535),
  HOST: z.string().regex(/^[\w.:-]+$/, 'a host name or an IP address').default('127.0.0.1'),
  STORE: store,
  ENGINE: onlyFirst('ENGINE', ['relay', 'upstash-workflow']),
  MODEL: model,
  MODEL_BASE_URL: url,
  MODEL_API_KEY: text,
  // What the gateway's own tools call it.
  AI_GATEWAY_API_KEY: text,
  SYSTEM_PROMPT: text,
  DEMO_TOKENS_PER_SECOND: integer(40, 1, 100_000),
  ON_TAKEOVER: z.enum(TAKEOVERS, `one of ${TAKEOVERS.join(', ')}`).default('restart'),
  LEASE_MS: milliseconds(10_000, 100),
  MODEL_FIRST_CHUNK_TIMEOUT_MS: milliseconds(60_000),
  MODEL_CHUNK_TIMEOUT_MS: milliseconds(30_000),
  MODEL_TOTAL_TIMEOUT_MS: milliseconds(600_000),
  RELAY_SECRET: text.refine(
    (value) => value === undefined || new TextEncoder().encode(value).length >= MIN_SECRET_BYTES,
    `at least ${MIN_SECRET_BYTES} bytes, random`,
  ),
  ALLOWED_ORIGINS: origins,
  TRUSTED_PROXIES: proxies,
  MAX_OUTPUT_TOKENS: integer(4096, 1, 1_000_000_000),
  DRAIN_MS: milliseconds(25_000, 0),
  SESSION_TTL_SECONDS: integer(86_400, 1, 1_000_000_000, ' of seconds'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`).default('info'),
  MAX_PROMPT_BYTES: limit(8192),
  MAX_BODY_BYTES: limit(32_768),
  MAX_STREAMS_PER_SESSION: limit(20),
  MAX_STREAMS_PER_IP: limit(100),
  MAX_STREAMS: limit(10_000),
  PROMPTS_PER_MINUTE_PER_SESSION: limit(20),
  PROMPTS_PER_MINUTE_PER_IP: limit(60),
  KEY_PREFIX: z.string().regex(/^[\w.-]{1,32}$/, '1 to 32 letters, digits or any of _ . -').default('rc'),
  ALLOW_EVICTION: flag,
  // Of stores and engines that are not there yet: checked, so that a mistake is not found out only then.
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: text,
  QSTASH_URL: url,
  QSTASH_TOKEN: text,
  QSTASH_CURRENT_SIGNING_KEY: text,
  QSTASH_NEXT_SIGNING_KEY: text,
  PUBLIC_URL: url,
});

export const SETTING_NAMES: readonly string[] = Object.keys(environmentSchema.shape);

/**
 * Reads the settings. One that is set to nothing counts as not set.
 * @throws ConfigError with every problem there is.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = environmentSchema.safeParse(given);
  const problems = result.error?.issues.map(({ path, message }) => `${path.join('.')} must be ${message}.`) ?? [];

  // Settings that depend on one another; looked at even when others are wrong, so that all problems come at once.
  const host = given['HOST'] ?? '127.0.0.1';
  const isLoopback = isLoopbackHost(host);
  if (given['ALLOWED_ORIGINS'] === '*' && !isLoopback) {
    problems.push('ALLOWED_ORIGINS must be a list of origins: * is for a HOST on loopback alone.');
  }
  if (given['MODEL']?.startsWith('openai-compatible:') && given['MODEL_BASE_URL'] === undefined) {
    problems.push('MODEL_BASE_URL must be set with MODEL=openai-compatible:…, to a URL such as http://127.0.0.1:11434/v1.');
  }
  if (given['MODEL']?.startsWith('gateway:') && (given['MODEL_API_KEY'] ?? given['AI_GATEWAY_API_KEY']) === undefined) {
    problems.push('MODEL_API_KEY must be set with MODEL=gateway:…, to a key of the AI Gateway.');
  }
  if (isShared(given['STORE'] ?? '') && given['RELAY_SECRET'] === undefined) {
    problems.push('RELAY_SECRET must be set with a shared store: the same 16 random bytes or more for every relay.');
  }
  if (given['STORE'] === UPSTASH) {
    for (const name of ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']) {
      if (given[name] === undefined) problems.push(`${name} must be set with STORE=upstash:, as the database's page shows it.`);
    }
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(result.data, isLoopback);
}

function toConfig(env: z.output<typeof environmentSchema>, isLoopback: boolean): Config {
  const allowed = env.ALLOWED_ORIGINS;
  return {
    port: env.PORT,
    host: env.HOST,
    isLoopback,
    ...readStore(env),
    model: {
      name: env.MODEL,
      baseUrl: env.MODEL_BASE_URL,
      apiKey: env.MODEL_API_KEY ?? (env.MODEL.startsWith('gateway:') ? env.AI_GATEWAY_API_KEY : undefined),
      tokensPerSecond: env.DEMO_TOKENS_PER_SECOND,
    },
    systemPrompt: env.SYSTEM_PROMPT,
    maxOutputTokens: env.MAX_OUTPUT_TOKENS,
    timeouts: {
      firstChunkMs: env.MODEL_FIRST_CHUNK_TIMEOUT_MS,
      chunkMs: env.MODEL_CHUNK_TIMEOUT_MS,
      totalMs: env.MODEL_TOTAL_TIMEOUT_MS,
    },
    takeover: env.ON_TAKEOVER,
    leaseMs: env.LEASE_MS,
    drainMs: env.DRAIN_MS,
    secret: env.RELAY_SECRET,
    origins: { allowed: allowed === undefined ? 'own' : allowed === '*' ? '*' : list(allowed), loopback: isLoopback },
    trustedProxies: list(env.TRUSTED_PROXIES).flatMap((range) => parseIpRange(range) ?? []),
    sessionTtlMs: env.SESSION_TTL_SECONDS * 1000,
    logLevel: env.LOG_LEVEL,
    limits: {
      maxPromptBytes: env.MAX_PROMPT_BYTES,
      maxBodyBytes: env.MAX_BODY_BYTES,
      streams: {
        perSession: env.MAX_STREAMS_PER_SESSION,
        perAddress: env.MAX_STREAMS_PER_IP,
        total: env.MAX_STREAMS,
      },
      prompts: { perSession: env.PROMPTS_PER_MINUTE_PER_SESSION, perAddress: env.PROMPTS_PER_MINUTE_PER_IP },
    },
  };
}

/** Is it a store that several relays use together? */
function isShared(store: string): boolean {
  return store === UPSTASH || parseRedisAddress(store) !== null;
}

function readStore(env: z.output<typeof environmentSchema>): Pick<Config, 'store' | 'storeLabel'> {
  const { STORE: url, KEY_PREFIX: prefix } = env;
  if (url === UPSTASH) {
    const { UPSTASH_REDIS_REST_URL: url = '', UPSTASH_REDIS_REST_TOKEN: token = '' } = env;
    return { store: { kind: 'upstash', url, token, prefix }, storeLabel: url };
  }
  const redis = parseRedisAddress(url);
  if (redis) {
    return { store: { kind: 'redis', url, prefix, allowEviction: env.ALLOW_EVICTION === 'true' }, storeLabel: redis.label };
  }
  const path = url.slice('sqlite:'.length);
  return { store: { kind: 'sqlite', path }, storeLabel: path };
}

function list(value: string | undefined): string[] {
  return (value ?? '').split(',').map((item) => item.trim()).filter((item) => item !== '');
}
