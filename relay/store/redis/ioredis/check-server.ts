import { Cluster, type Redis } from 'ioredis';
import { StoreOpenError } from '../../store-error.ts';
import { checkFormat } from '../check-format.ts';
import { SCRIPT_NAMES, SCRIPTS } from '../scripts.ts';
import { isPassing, replyCode } from './redis-errors.ts';

/** Needed for `#!lua` scripts, which a full server refuses before they have written anything. */
const MIN_MAJOR_VERSION = 7;

/**
 * Checks that this Redis can be a store, and loads the scripts.
 *
 * @throws StoreOpenError when it cannot be one as it is set up; the connection's error when it could not be asked.
 */
export async function checkServer(
  commands: Redis | Cluster,
  { label, versionKey, allowEviction }: { label: string; versionKey: string; allowEviction: boolean },
): Promise<void> {
  try {
    const servers = commands instanceof Cluster ? commands.nodes('master') : [commands];
    for (const server of servers) {
      const info = parseInfo(await server.info());
      checkVersion(info, label);
      if (!allowEviction) checkPolicy(info, label);
      for (const name of SCRIPT_NAMES) await server.script('LOAD', SCRIPTS[name]);
    }
    await checkFormat(label, {
      read: () => commands.get(versionKey),
      write: async (version) => void (await commands.set(versionKey, version, 'NX')),
      isFull: (error) => replyCode(error) === 'OOM',
    });
  } catch (error) {
    if (error instanceof StoreOpenError || isPassing(error)) throw error;
    throw refusalOf(label, error);
  }
}

/** Says in one sentence what Redis has refused. */
export function refusalOf(label: string, error: unknown): StoreOpenError {
  const code = replyCode(error);
  const options = { cause: error };
  if (code === 'WRONGPASS')
    return new StoreOpenError(`The store ${label} refuses the user name or the password in STORE.`, options);
  if (code === 'NOAUTH')
    return new StoreOpenError(`The store ${label} wants a password: STORE=redis://user:password@….`, options);
  if (code === 'NOPERM') {
    return new StoreOpenError(
      `The store ${label} does not let this user do what the relay has to: ${messageOf(error)}.`,
      options,
    );
  }
  return new StoreOpenError(`The store ${label} cannot be used: ${messageOf(error)}.`, options);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
    }),
  );
}

function checkVersion(info: ReadonlyMap<string, string>, label: string): void {
  const version = info.get('redis_version') ?? 'unknown';
  if (Number.parseInt(version, 10) >= MIN_MAJOR_VERSION) return;
  throw new StoreOpenError(`The store ${label} is Redis ${version}: the relay needs 7.0 or newer, or Valkey.`);
}

function checkPolicy(info: ReadonlyMap<string, string>, label: string): void {
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy === 'noeviction') return;
  throw new StoreOpenError(
    `The store ${label} throws conversations away when its memory is full (maxmemory-policy is ${policy}): ` +
      'set it to noeviction, or start all the same with ALLOW_EVICTION=true.',
  );
}
