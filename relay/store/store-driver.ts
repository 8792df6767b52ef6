import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type * as z from 'zod';
import type { Logger } from '../util/logger.ts';
import { readSettings, wrongSettings, type Environment, type FromSettings } from '../util/settings.ts';
import type { SessionInspection } from './session-inspection.ts';
import type { SessionStore } from './session-store.ts';
import type { StoreOpenError } from './store-error.ts';

/**
 * Describes a kind of store, so that the `STORE` setting can name it: one description in the driver's folder
 * (`driver.ts`), and one line in the registry, `relay/node/store-drivers.ts`. All descriptions are loaded at start, so
 * they import nothing heavy; the driver itself is imported when it is opened.
 */
export interface StoreDriver {
  /** What stands before the first colon of STORE. */
  readonly schemes: readonly string[];
  /** The forms that STORE may have, for error messages. */
  readonly forms: readonly string[];
  /** Several relays may use the same store at once; they then need the same RELAY_SECRET. */
  readonly isShared: boolean;
  /** The settings it reads besides STORE, by name. */
  readonly settings: z.ZodRawShape;
  /** Reads STORE and the driver's settings. Nothing is opened or contacted. */
  parse(url: string, env: Environment): FromSettings<StoreLocation>;
}

/** A store that can be opened. */
export interface StoreLocation {
  /** The store as people may see it, without a password: for log lines and the line that says that the relay is ready. */
  readonly label: string;
  /** The file in which a secret made by the relay is kept, beside the data; without one it lasts as long as the process. */
  readonly secretFile?: string;
  /**
   * Imports the driver and opens the store.
   *
   * @throws StoreOpenError when it cannot be used as it is set up. A shared store that cannot be reached yet rejects
   *   what it is asked until it can; should it then turn out to be unfit, `onUnfit` is called.
   */
  open(options: StoreOpenOptions): Promise<OpenedStore>;
  /** Counters that all relays of this store share; without them each relay counts by itself. */
  openCounters?(logger: Logger): Promise<SharedCounters>;
}

/** What every driver is opened with. */
export interface StoreOpenOptions {
  /** How long a session is kept after its last write, in ms. */
  ttlMs: number;
  logger: Logger;
  /** Called when a store that could not be reached at first turns out to be unfit. It is closed by then. */
  onUnfit(error: StoreOpenError): void;
}

/** A store that also shows what it keeps, for the demo page. */
export interface OpenedStore extends SessionStore {
  /** What the store keeps of a session; null when there is no such session. */
  inspect(sessionId: string): SessionInspection | null | Promise<SessionInspection | null>;
}

/** Makes counters that live in the store, over one connection. */
export interface SharedCounters {
  /** A counter of at most `points` in `duration` seconds; `keyPrefix` tells its keys from those of other counters. */
  create(options: { points: number; duration: number; keyPrefix: string }): RateLimiterAbstract;
  /** Closes the connection. Idempotent. */
  close(): void;
}

type StoreDriverDescription<Shape extends z.ZodRawShape> = Omit<StoreDriver, 'settings' | 'parse'> & {
  settings: Shape;
  /** Does STORE have one of the driver's forms? */
  accepts(url: string): boolean;
  locate(url: string, settings: z.output<z.ZodObject<Shape>>): StoreLocation;
};

/**
 * Makes a driver from its description. `locate` sees what `accepts` let pass, and settings that were checked: one that
 * is not optional has to be set when the driver is chosen, and only then.
 *
 * @example
 * export const memoryDriver = defineStoreDriver({
 *   schemes: ['memory'],
 *   forms: ['memory:'],
 *   isShared: false,
 *   settings: {},
 *   accepts: (url) => url === 'memory:',
 *   locate: () => ({ label: 'memory', open: openMemoryStore }),
 * });
 */
export function defineStoreDriver<Shape extends z.ZodRawShape>(
  description: StoreDriverDescription<Shape>,
): StoreDriver {
  return {
    ...description,
    parse(url, env) {
      const settings = readSettings(description.settings, env);
      const problems = settings.kind === 'wrong' ? settings.problems : [];
      if (!description.accepts(url))
        return wrongSettings([`STORE must be ${description.forms.join(', ')}.`, ...problems]);
      return settings.kind === 'wrong' ? settings : { kind: 'ok', value: description.locate(url, settings.value) };
    },
  };
}
