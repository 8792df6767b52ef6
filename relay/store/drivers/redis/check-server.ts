import { Cluster, type Redis } from 'ioredis';
import { StoreOpenError } from '../../store-open-error.ts';
import { SCRIPT_NAMES, SCRIPTS } from '../redis-scripts/scripts.ts';
import { isPassing, replyCode } from './redis-errors.ts';

/** Of the keys and what stands in them. A release that changes it says here which versions it can still read. */
const FORMAT_VERSION = '1';
/** `#!lua` scripts, and with them that a full server refuses a script before it has written anything. */
const MIN_MAJOR_VERSION = 7;

/**
 * Can this Redis be a store? Loads the scripts on the way.
 *
 * @throws StoreOpenError when it never will as it is set up; what the connection threw when it could not be asked.
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
    await checkFormat(commands, versionKey, label);
  } catch (error) {
    if (error instanceof StoreOpenError || isPassing(error)) throw error;
    throw refusalOf(label, error);
  }
}

/** One sentence that says what Redis has refused. */
export function refusalOf(label: string, error: unknown): StoreOpenError {
  const code = replyCode(error);
  const options = { cause: error };
  if (code === 'WRONGPASS') return new StoreOpenError(`The store ${label} refuses the user name or the password in STORE.`, options);
  if (code === 'NOAUTH') return new StoreOpenError(`The store ${label} wants a password: STORE=redis://user:password@….`, options);
  if (code === 'NOPERM') {
    return new StoreOpenError(`The store ${label} does not let this user do what the relay has to: ${messageOf(error)}.`, options);
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

async function checkFormat(commands: Redis | Cluster, versionKey: string, label: string): Promise<void> {
  const version = (await commands.get(versionKey)) ?? (await writeVersion(commands, versionKey));
  if (version === FORMAT_VERSION) return;
  throw new StoreOpenError(
    `The store ${label} was written by another release of this relay (version ${version} of its format, this release knows ` +
      `${FORMAT_VERSION}): start that release, or choose another KEY_PREFIX.`,
  );
}

async function writeVersion(commands: Redis | Cluster, versionKey: string): Promise<string> {
  try {
    await commands.set(versionKey, FORMAT_VERSION, 'NX');
    return (await commands.get(versionKey)) ?? FORMAT_VERSION;
  } catch (error) {
    // A full server holds nothing of ours yet, and takes nothing: the next start writes it.
    if (replyCode(error) === 'OOM') return FORMAT_VERSION;
    throw error;
  }
}
