import type { Context } from 'hono';
import type { RelayEnv } from './endpoint.ts';
import { createRangeMatcher, limitKey, parseIpAddress } from './ip-address.ts';

/** Who sent a request. */
export interface Client {
  /** The key of limits per address; undefined where the runtime does not tell who connects. */
  address: string | undefined;
  /** The scheme that the visitor used: as a trusted proxy says, else the request's own. */
  scheme: string;
}

/** Finds out who sent a request. */
export type ClientReader = (c: Context<RelayEnv>) => Client;

/**
 * Reads who sent a request. `X-Forwarded-For` and `X-Forwarded-Proto` are believed only when the connection comes from a
 * trusted proxy, and are read from the right: the visitor is the last address that is not such a proxy.
 *
 * @throws TypeError when one of the proxies is neither an address nor a range.
 */
export function createClientReader(trustedProxies: readonly string[]): ClientReader {
  const isTrusted = createRangeMatcher(trustedProxies);

  return function readClient(c) {
    const scheme = c.req.url.slice(0, c.req.url.indexOf(':'));
    let address = parseIpAddress(c.env?.incoming?.socket.remoteAddress ?? '');
    if (!address) return { address: undefined, scheme };
    if (!isTrusted(address)) return { address: limitKey(address), scheme };

    const forwarded = c.req.header('x-forwarded-for')?.split(',') ?? [];
    for (let i = forwarded.length - 1; i >= 0 && isTrusted(address); i--) {
      const before = parseIpAddress(forwarded[i]?.trim() ?? '');
      if (!before) break;
      address = before;
    }
    const proto = c.req.header('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase();
    return { address: limitKey(address), scheme: proto === 'https' || proto === 'http' ? proto : scheme };
  };
}
