import {
  convertIPv4MappedIPv6ToIPv4,
  convertIPv4ToBinary,
  convertIPv6ToBinary,
  isIPv4MappedIPv6,
} from 'hono/utils/ipaddr';

/** An IP address as a number; one of IPv4 written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4. */
export interface IpAddress {
  bits: 32 | 128;
  value: bigint;
}

/** Null when the text is no address. */
export function parseIpAddress(text: string): IpAddress | null {
  try {
    if (!text.includes(':')) return { bits: 32, value: convertIPv4ToBinary(text) };
    const value = convertIPv6ToBinary(text);
    return isIPv4MappedIPv6(value) ? { bits: 32, value: convertIPv4MappedIPv6ToIPv4(value) } : { bits: 128, value };
  } catch {
    // hono's parsers say 'no' by throwing.
    return null;
  }
}

export interface IpRange {
  network: IpAddress;
  /** How many leading bits count. */
  prefix: number;
}

/** An address or a CIDR range (`10.0.0.0/8`); null when the text is neither. */
export function parseIpRange(text: string): IpRange | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const network = parseIpAddress(address);
  if (!network || rest.length > 0) return null;
  if (prefix === undefined) return { network, prefix: network.bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > network.bits) return null;
  return { network, prefix: Number(prefix) };
}

export function isInRange(address: IpAddress, { network, prefix }: IpRange): boolean {
  const shift = BigInt(network.bits - prefix);
  return address.bits === network.bits && address.value >> shift === network.value >> shift;
}

/** What limits by address count by: an IPv4 address, or the /64 of an IPv6 one, which is what one customer gets. */
export function limitKey({ bits, value }: IpAddress): string {
  return bits === 32 ? `4:${value.toString(16)}` : `6:${(value >> 64n).toString(16)}`;
}
