/** Address of a Redis, and the login there: the content of a setting such as `redis://user:password@host:6379`. */
export interface RedisAddress {
  kind: 'single' | 'cluster' | 'sentinel';
  /** The server, the first servers of a Cluster, or the sentinels. */
  hosts: { host: string; port: number }[];
  /** Name by which the sentinels know the master; else empty. */
  name: string;
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  db: number;
  /** The address without the login, for log lines: `redis://127.0.0.1:6379`. */
  label: string;
}

const PATTERN =
  /^(redis|rediss|redis-cluster|redis-sentinel):\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([\w.-]*))?(?:\?tls=(true|false))?$/;
const HOST = /^(\[[\da-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/;
const DEFAULT_PORT = { single: 6379, cluster: 6379, sentinel: 26_379 };

/**
 * Parses an address: `redis://` or `rediss://` `[user:password@]host[:port][/db]`, `redis-cluster://[user:password@]host:port,host:port`,
 * `redis-sentinel://[user:password@]host:port,host:port/name`; the latter two with `?tls=true` over TLS. User and
 * password percent-encoded. Null when the text is none of these.
 */
export function parseRedisAddress(text: string): RedisAddress | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, scheme = '', login, list = '', path = '', tls] = match;
  const kind = scheme === 'redis-cluster' ? 'cluster' : scheme === 'redis-sentinel' ? 'sentinel' : 'single';
  const hosts = list.split(',').map((item) => parseHost(item, DEFAULT_PORT[kind]));
  const credentials = parseLogin(login);
  const isDb = /^\d{0,4}$/.test(path);
  if (!credentials || !hosts.every((host) => host !== null)) return null;
  if (kind === 'single' && (hosts.length !== 1 || !isDb || tls !== undefined)) return null;
  if (kind === 'cluster' && path !== '') return null;
  if (kind === 'sentinel' && path === '') return null;
  return {
    kind,
    hosts,
    name: kind === 'sentinel' ? path : '',
    tls: scheme === 'rediss' || tls === 'true',
    ...credentials,
    db: kind === 'single' ? Number(path) : 0,
    label: `${scheme}://${list}${path === '' ? '' : `/${path}`}`,
  };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } | null {
  const match = HOST.exec(text);
  if (!match) return null;
  const [, host = '', port] = match;
  const number = port === undefined ? defaultPort : Number(port);
  return number > 0 && number <= 65_535 ? { host: host.replace(/^\[|\]$/g, ''), port: number } : null;
}

/** The login; null when it is not percent-encoded correctly. */
function parseLogin(text: string | undefined): Pick<RedisAddress, 'username' | 'password'> | null {
  if (!text) return { username: undefined, password: undefined };
  const colon = text.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(text.slice(colon + 1));
    return { username: username === '' ? undefined : username, password: password === '' ? undefined : password };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
