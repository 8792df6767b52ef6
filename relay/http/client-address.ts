import type { Context } from 'hono';
import type { RelayEnv } from './endpoint.ts';
import { isInRange, limitKey, parseIpAddress, type IpAddress, type IpRange } from './ip-address.ts';

export interface Client {
  /** What limits by address count by; undefined where the runtime does not tell who asks. */
  address: string | undefined;
  /** The scheme the visitor used, as a trusted proxy says; else the one of the request itself. */
  scheme: string;
}

/**
 * Who asks. `X-Forwarded-For` and `X-Forwarded-Proto` are believed only when the connection comes from one of the
 * trusted proxies, and then read from the right: the visitor is the last address that is no such proxy.
 */
export function createClientReader(trustedProxies: readonly IpRange[]) {
  const isTrusted = (address: IpAddress) => trustedProxies.some((range) => isInRange(address, range));

  return function readClient(c: Context<RelayEnv>): Client {
    const scheme = c.req.url.slice(0, c.req.url.indexOf(':'));
    let address = parseIpAddress(c.env?.incoming?.socket.remoteAddress ?? '');
    if (!address) return { address: undefined, scheme };
    if (trustedProxies.length === 0 || !isTrusted(address)) return { address: limitKey(address), scheme };

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
