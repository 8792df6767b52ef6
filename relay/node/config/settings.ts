import * as z from 'zod';
import { MIN_SECRET_BYTES } from '../../auth/session-token.ts';
import { DEFAULTS } from '../../defaults.ts';
import { DEFAULT_MODEL } from '../../generation/models/index.ts';
import { isIpRange } from '../../http/ip-address.ts';
import { isOrigin } from '../../http/origins.ts';
import { integer, limit, milliseconds, oneOf, splitList, text } from '../../util/settings.ts';
import { LOG_LEVELS } from '../create-logger.ts';

/** The address to listen on when HOST is not set: this machine alone. */
export const DEFAULT_HOST = '127.0.0.1';
/** The store when STORE is not set: the embedded one, relative to the working directory. */
export const DEFAULT_STORE = 'sqlite:./data/relay.db';
const TAKEOVERS = ['restart', 'continue', 'fail'] as const;

const host = z
  .string()
  .regex(/^[\w.:-]+$/, 'a host name or an IP address')
  .default(DEFAULT_HOST);

const secret = text().refine(
  (value) => new TextEncoder().encode(value).length >= MIN_SECRET_BYTES,
  `at least ${MIN_SECRET_BYTES} bytes, random`,
);

const origins = text().refine((value) => {
  if (value === '*') return true;
  const list = splitList(value);
  return list.length > 0 && list.every(isOrigin);
}, 'origins such as https://example.com, separated by commas');

const proxies = text().refine(
  (value) => splitList(value).every(isIpRange),
  'IP addresses or ranges such as 10.0.0.0/8, separated by commas',
);

/**
 * The relay's own settings. Those of a store driver or a model provider stand in its description; STORE and MODEL are
 * checked by the one that they name.
 */
export const RELAY_SETTINGS = {
  PORT: integer(8787, 0, 65_535),
  HOST: host,
  STORE: z.string().default(DEFAULT_STORE),
  MODEL: z.string().default(DEFAULT_MODEL),
  SYSTEM_PROMPT: text().optional(),
  ON_TAKEOVER: oneOf(TAKEOVERS, DEFAULTS.takeover),
  LEASE_MS: milliseconds(DEFAULTS.leaseMs, 100),
  MODEL_FIRST_CHUNK_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.firstChunkMs),
  MODEL_CHUNK_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.chunkMs),
  MODEL_TOTAL_TIMEOUT_MS: milliseconds(DEFAULTS.timeouts.totalMs),
  RELAY_SECRET: secret.optional(),
  ALLOWED_ORIGINS: origins.optional(),
  TRUSTED_PROXIES: proxies.optional(),
  MAX_OUTPUT_TOKENS: integer(DEFAULTS.maxOutputTokens, 1, 1_000_000_000),
  DRAIN_MS: milliseconds(DEFAULTS.drainMs, 0),
  SESSION_TTL_SECONDS: integer(DEFAULTS.sessionTtlMs / 1000, 1, 1_000_000_000, ' of seconds'),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  MAX_PROMPT_BYTES: limit(DEFAULTS.limits.maxPromptBytes),
  MAX_BODY_BYTES: limit(DEFAULTS.limits.maxBodyBytes),
  MAX_STREAMS_PER_SESSION: limit(DEFAULTS.limits.streams.perSession),
  MAX_STREAMS_PER_IP: limit(DEFAULTS.limits.streams.perAddress),
  MAX_STREAMS: limit(DEFAULTS.limits.streams.total),
  PROMPTS_PER_MINUTE_PER_SESSION: limit(20),
  PROMPTS_PER_MINUTE_PER_IP: limit(60),
};

export type RelaySettings = z.output<z.ZodObject<typeof RELAY_SETTINGS>>;
