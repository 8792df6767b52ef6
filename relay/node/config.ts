import * as z from 'zod';
import { MIN_SECRET_BYTES } from '../auth/session-token.ts';
import { DEFAULTS } from '../defaults.ts';
import {
  API_KEY_FORM,
  BASE_URL_FORM,
  isApiKey,
  isBaseUrl,
  MAX_TOKENS_PER_SECOND,
  MODEL_FORMS,
  parseModelName,
} from '../generation/models/model-settings.ts';
import { parseIpRange, type IpRange } from '../http/ip-address.ts';
import { isLoopbackHost, type OriginRules } from '../http/origins.ts';
import { parseRedisAddress } from '../store/redis/ioredis/redis-address.ts';
import type { StoreConfig } from './open-store.ts';

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
  /** As MODEL says: see `parseModelName`. */
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
const DEFAULT_HOST = '127.0.0.1';

const integer = (fallback: number, min: number, max: number, unit = '') => {
  const what = `a whole number${unit} from ${min} to ${max}`;
  return z.preprocess(
    (text) =>
      text === undefined ? fallback : typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text,
    z.number(what).int(what).min(min, what).max(max, what),
  );
};
const milliseconds = (fallback: number, min = 1) => integer(fallback, min, MAX_MS, ' of milliseconds');
/** 0 = none. */
const limit = (fallback: number) => integer(fallback, 0, Number.MAX_SAFE_INTEGER);
const url = z.string().refine(isBaseUrl, BASE_URL_FORM).optional();
const text = z.string().optional();
const apiKey = z.string().refine(isApiKey, API_KEY_FORM).optional();
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
    if (!parseModelName(value)) context.addIssue(MODEL_FORMS);
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
  const isGood = list(value).every(
    (origin) => origin === 'null' || (URL.canParse(origin) && new URL(origin).origin === origin),
  );
  if (!isGood || list(value).length === 0) context.addIssue('origins such as https://example.com, separated by commas');
});

const proxies = text.superRefine((value, context) => {
  if (list(value).some((range) => parseIpRange(range) === null)) {
    context.addIssue('IP addresses or ranges such as 10.0.0.0/8, separated by commas');
  }
});

const environmentSchema = z.object({
  PORT: integer(8787, 0, 65_535),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'a host name or an IP address')
    .default(DEFAULT_HOST),
  STORE: store,
  ENGINE: onlyFirst('ENGINE', ['relay', 'upstash-workflow']),
  MODEL: model,
  MODEL_BASE_URL: url,
  MODEL_API_KEY: apiKey,
  // What the gateway's own tools call it.
  AI_GATEWAY_API_KEY: apiKey,
  SYSTEM_PROMPT: text,
  DEMO_TOKENS_PER_SECOND: integer(40, 1, MAX_TOKENS_PER_SECOND),
  ON_TAKEOVER: z.enum(TAKEOVERS, `one of ${TAKEOVERS.join(', ')}`).default(DEFAULTS.takeover),
  LEASE_MS: milliseconds(DEFAULTS.leaseMs, 100),
  MODEL_FIRST_CHUNK_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.firstChunkMs),
  MODEL_CHUNK_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.chunkMs),
  MODEL_TOTAL_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.totalMs),
  RELAY_SECRET: text.refine(
    (value) => value === undefined || new TextEncoder().encode(value).length >= MIN_SECRET_BYTES,
    `at least ${MIN_SECRET_BYTES} bytes, random`,
  ),
  ALLOWED_ORIGINS: origins,
  TRUSTED_PROXIES: proxies,
  MAX_OUTPUT_TOKENS: integer(DEFAULTS.maxOutputTokens, 1, 1_000_000_000),
  DRAIN_MS: milliseconds(DEFAULTS.drainMs, 0),
  SESSION_TTL_SECONDS: integer(DEFAULTS.sessionTtlMs / 1000, 1, 1_000_000_000, ' of seconds'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`).default('info'),
  MAX_PROMPT_BYTES: limit(DEFAULTS.limits.maxPromptBytes),
  MAX_BODY_BYTES: limit(DEFAULTS.limits.maxBodyBytes),
  MAX_STREAMS_PER_SESSION: limit(DEFAULTS.limits.streams.perSession),
  MAX_STREAMS_PER_IP: limit(DEFAULTS.limits.streams.perAddress),
  MAX_STREAMS: limit(DEFAULTS.limits.streams.total),
  PROMPTS_PER_MINUTE_PER_SESSION: limit(20),
  PROMPTS_PER_MINUTE_PER_IP: limit(60),
  KEY_PREFIX: z
    .string()
    .regex(/^[\w.-]{1,32}$/, '1 to 32 letters, digits or any of _ . -')
    .default('rc'),
  ALLOW_EVICTION: flag,
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: text,
  // Of the engine that is not there yet: checked, so that a mistake is not found out only then.
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
  const host = given['HOST'] ?? DEFAULT_HOST;
  const isLoopback = isLoopbackHost(host);
  if (given['ALLOWED_ORIGINS'] === '*' && !isLoopback) {
    problems.push('ALLOWED_ORIGINS must be a list of origins: * is for a HOST on loopback alone.');
  }
  const modelKind = parseModelName(given['MODEL'] ?? '')?.kind;
  if (modelKind === 'openai-compatible' && given['MODEL_BASE_URL'] === undefined) {
    problems.push(
      'MODEL_BASE_URL must be set with MODEL=openai-compatible:…, to a URL such as http://127.0.0.1:11434/v1.',
    );
  }
  if (modelKind === 'gateway' && (given['MODEL_API_KEY'] ?? given['AI_GATEWAY_API_KEY']) === undefined) {
    problems.push('MODEL_API_KEY must be set with MODEL=gateway:…, to a key of the AI Gateway.');
  }
  if (isShared(given['STORE'] ?? '') && given['RELAY_SECRET'] === undefined) {
    problems.push(
      `RELAY_SECRET must be set with a shared store: the same ${MIN_SECRET_BYTES} random bytes or more for every relay.`,
    );
  }
  if (given['STORE'] === UPSTASH) {
    for (const name of ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']) {
      if (given[name] === undefined)
        problems.push(`${name} must be set with STORE=upstash:, as the database's page shows it.`);
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
      apiKey: env.MODEL_API_KEY ?? (parseModelName(env.MODEL)?.kind === 'gateway' ? env.AI_GATEWAY_API_KEY : undefined),
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
    return {
      store: { kind: 'redis', url, prefix, allowEviction: env.ALLOW_EVICTION === 'true' },
      storeLabel: redis.label,
    };
  }
  const path = url.slice('sqlite:'.length);
  return { store: { kind: 'sqlite', path }, storeLabel: path };
}

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
