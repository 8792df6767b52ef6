import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { RelayEnv } from './endpoint.ts';
import { createClientReader, type Client } from './client-address.ts';
import { createRangeMatcher, isIpRange, limitKey, parseIpAddress } from './ip-address.ts';

const key = (text: string) => {
  const address = parseIpAddress(text);
  return address && limitKey(address);
};

async function read(
  remoteAddress: string | undefined,
  headers: Record<string, string>,
  trusted: string[] = [],
): Promise<Client> {
  const readClient = createClientReader(trusted);
  const app = new Hono<RelayEnv>();
  let client: Client | undefined;
  app.get('/', (c) => {
    client = readClient(c);
    return c.body(null);
  });
  const env =
    remoteAddress === undefined
      ? undefined
      : ({ incoming: { socket: { remoteAddress } } } as unknown as RelayEnv['Bindings']);
  await app.request('http://relay.example/', { headers }, env);
  if (!client) throw new Error('nobody asked');
  return client;
}

describe('addresses', () => {
  it('count an IPv6 customer by the /64, and IPv4 in any spelling as itself', () => {
    expect(key('2001:db8:1:2:3:4:5:6')).toBe(key('2001:db8:1:2::'));
    expect(key('2001:db8:1:2::')).not.toBe(key('2001:db8:1:3::'));
    expect(key('::ffff:192.0.2.1')).toBe(key('192.0.2.1'));
    expect(key('192.0.2.1')).not.toBe(key('192.0.2.2'));
  });
  it.each(['', 'x', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.4:80', ':::', '12345::', '1.2.3.4/8'])(
    'are not %j',
    (text) => {
      expect(parseIpAddress(text)).toBeNull();
    },
  );
  it('lie in ranges', () => {
    const inside = (address: string, range: string) =>
      createRangeMatcher([range])(parseIpAddress(address) ?? { bits: 32, value: -1n });
    expect(inside('10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(inside('11.1.2.3', '10.0.0.0/8')).toBe(false);
    expect(inside('::ffff:10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(inside('2001:db8::1', '2001:db8::/32')).toBe(true);
    expect(inside('10.1.2.3', '::/0')).toBe(false);
    expect(inside('10.1.2.3', '0.0.0.0/0')).toBe(true);
  });
  it.each(['10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1', 'x/8', ''])(
    'do not lie in %j, which is no range',
    (text) => {
      expect(isIpRange(text)).toBe(false);
      expect(() => createRangeMatcher(['10.0.0.0/8', text])).toThrow(text);
    },
  );
});

describe('the visitor', () => {
  it('is whoever connects, whatever the headers say, unless that is a trusted proxy', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' };
    expect(await read('203.0.113.5', headers)).toEqual({ address: key('203.0.113.5'), scheme: 'http' });
    expect(await read('203.0.113.5', headers, ['10.0.0.0/8'])).toEqual({ address: key('203.0.113.5'), scheme: 'http' });
  });
  it('is the last address before the trusted proxies', async () => {
    const headers = { 'x-forwarded-for': '1.1.1.1, 198.51.100.7, 10.0.0.2', 'x-forwarded-proto': 'https' };
    expect(await read('10.0.0.1', headers, ['10.0.0.0/8'])).toEqual({ address: key('198.51.100.7'), scheme: 'https' });
    expect((await read('::ffff:10.0.0.1', headers, ['10.0.0.1'])).address).toBe(key('10.0.0.2'));
  });
  it('is the proxy itself when its header is not valid', async () => {
    for (const forwarded of ['', 'nonsense', '1.1.1.1, nonsense', 'unknown', ',']) {
      expect((await read('10.0.0.1', { 'x-forwarded-for': forwarded }, ['10.0.0.0/8'])).address).toBe(key('10.0.0.1'));
    }
  });
  it('is unknown without a connection', async () => {
    expect(await read(undefined, { 'x-forwarded-for': '1.1.1.1' }, ['0.0.0.0/0'])).toEqual({
      address: undefined,
      scheme: 'http',
    });
  });
});
