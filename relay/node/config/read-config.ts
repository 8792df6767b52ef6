import { MIN_SECRET_BYTES } from '../../auth/session-token.ts';
import { MODEL_PROVIDERS, readModel } from '../../generation/models/index.ts';
import type { ModelFactory } from '../../generation/models/model-provider.ts';
import { isLoopbackHost } from '../../http/origins.ts';
import { largestPromptBytes } from '../../http/request-limits.ts';
import type { StoreDriver, StoreLocation } from '../../store/store-driver.ts';
import {
  checkSettings,
  givenSettings,
  readSettings,
  SettingsError,
  splitList,
  wrongSettings,
  type Environment,
  type FromSettings,
} from '../../util/settings.ts';
import * as storeDrivers from '../store-drivers.ts';
import type { Config } from './config.ts';
import { DEFAULT_HOST, DEFAULT_STORE, RELAY_SETTINGS, type RelaySettings } from './settings.ts';

const STORE_DRIVERS: readonly StoreDriver[] = Object.values(storeDrivers);

/** Every setting: the relay's own, and those of all store drivers and model providers, chosen or not. */
const ALL_SETTINGS = {
  ...RELAY_SETTINGS,
  ...Object.assign({}, ...[...STORE_DRIVERS, ...MODEL_PROVIDERS].map(({ settings }) => settings)),
};

/** The names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(ALL_SETTINGS);

/**
 * Reads the settings. One that is the empty string counts as not set.
 *
 * @throws SettingsError with every problem at once.
 */
export function readConfig(env: Environment = process.env): Config {
  const given = givenSettings(env);
  const settings = readSettings(RELAY_SETTINGS, given);
  const driver = findDriver(given['STORE'] ?? DEFAULT_STORE);
  const store = readStore(driver, given);
  const model = readModel(given);

  const problems = [
    ...checkSettings(ALL_SETTINGS, given),
    ...[store, model].flatMap((read) => (read.kind === 'wrong' ? read.problems : [])),
    ...findConflicts(given, { settings, driver }),
  ];
  if (settings.kind === 'wrong' || store.kind === 'wrong' || model.kind === 'wrong' || problems.length > 0) {
    // A setting that the chosen driver or provider reads has been checked twice.
    throw new SettingsError([...new Set(problems)]);
  }
  return toConfig(settings.value, { store: store.value, createModel: model.value });
}

function findDriver(store: string): StoreDriver | undefined {
  const scheme = store.slice(0, Math.max(0, store.indexOf(':')));
  return STORE_DRIVERS.find(({ schemes }) => schemes.includes(scheme));
}

function readStore(driver: StoreDriver | undefined, given: Environment): FromSettings<StoreLocation> {
  if (driver) return driver.parse(given['STORE'] ?? DEFAULT_STORE, given);
  return wrongSettings([`STORE must be ${STORE_DRIVERS.flatMap(({ forms }) => forms).join(', ')}.`]);
}

/** Problems of settings that depend on one another; looked for even when others are wrong, so that all come at once. */
function findConflicts(
  given: Environment,
  { settings, driver }: { settings: FromSettings<RelaySettings>; driver: StoreDriver | undefined },
): string[] {
  const problems: string[] = [];
  if (given['ALLOWED_ORIGINS'] === '*' && !isLoopbackHost(given['HOST'] ?? DEFAULT_HOST)) {
    problems.push('ALLOWED_ORIGINS must be a list of origins: * is for a HOST on loopback alone.');
  }
  if (driver?.isShared && given['RELAY_SECRET'] === undefined) {
    problems.push(
      `RELAY_SECRET must be set with a shared store: the same ${MIN_SECRET_BYTES} random bytes or more for every relay.`,
    );
  }
  // Where generation runs is decided by this version alone; a deployment that counts on another engine must not start.
  if (given['ENGINE'] !== undefined && given['ENGINE'] !== 'relay') {
    problems.push('ENGINE must be relay or not set: this version has no other engine.');
  }
  if (settings.kind === 'ok') {
    const most = largestPromptBytes(settings.value.MAX_BODY_BYTES);
    if (settings.value.MAX_PROMPT_BYTES > most) {
      problems.push(`MAX_PROMPT_BYTES must be at most ${most}, so that its request fits into MAX_BODY_BYTES.`);
    }
  }
  return problems;
}

function toConfig(
  settings: RelaySettings,
  { store, createModel }: { store: StoreLocation; createModel: ModelFactory },
): Config {
  const { ALLOWED_ORIGINS: origins } = settings;
  const isLoopback = isLoopbackHost(settings.HOST);
  return {
    port: settings.PORT,
    host: settings.HOST,
    isLoopback,
    store,
    model: { name: settings.MODEL, create: createModel },
    systemPrompt: settings.SYSTEM_PROMPT,
    maxOutputTokens: settings.MAX_OUTPUT_TOKENS,
    timeouts: {
      firstChunkMs: settings.MODEL_FIRST_CHUNK_TIMEOUT_MS,
      chunkMs: settings.MODEL_CHUNK_TIMEOUT_MS,
      totalMs: settings.MODEL_TOTAL_TIMEOUT_MS,
    },
    takeover: settings.ON_TAKEOVER,
    leaseMs: settings.LEASE_MS,
    drainMs: settings.DRAIN_MS,
    secret: settings.RELAY_SECRET,
    origins: {
      allowed: origins === undefined ? 'own' : origins === '*' ? '*' : splitList(origins),
      loopback: isLoopback,
    },
    trustedProxies: splitList(settings.TRUSTED_PROXIES),
    sessionTtlMs: settings.SESSION_TTL_SECONDS * 1000,
    logLevel: settings.LOG_LEVEL,
    limits: {
      maxPromptBytes: settings.MAX_PROMPT_BYTES,
      maxBodyBytes: settings.MAX_BODY_BYTES,
      streams: {
        perSession: settings.MAX_STREAMS_PER_SESSION,
        perAddress: settings.MAX_STREAMS_PER_IP,
        total: settings.MAX_STREAMS,
      },
      prompts: { perSession: settings.PROMPTS_PER_MINUTE_PER_SESSION, perAddress: settings.PROMPTS_PER_MINUTE_PER_IP },
    },
  };
}
