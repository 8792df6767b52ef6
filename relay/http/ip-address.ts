/**
 * IP addresses and ranges by hono's own parsers, without Node: `node:net`'s BlockList is not everywhere the relay runs.
 * docs/decisions/0022-ip-ranges-without-node.md
 */
import {
  convertIPv4MappedIPv6ToIPv4,
  convertIPv4ToBinary,
  convertIPv6ToBinary,
  isIPv4MappedIPv6,
} from 'hono/utils/ipaddr';

/** An IP address as a number. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4. */
export interface IpAddress {
  bits: 32 | 128;
  value: bigint;
}

/** Null when the text is not an IP address. */
export function parseIpAddress(text: string): IpAddress | null {
  try {
    if (!text.includes(':')) return { bits: 32, value: convertIPv4ToBinary(text) };
    const value = convertIPv6ToBinary(text);
    return isIPv4MappedIPv6(value) ? { bits: 32, value: convertIPv4MappedIPv6ToIPv4(value) } : { bits: 128, value };
  } catch {
    // hono's parsers throw for anything that is not an address.
    return null;
  }
}

interface IpRange {
  network: IpAddress;
  /** Leading bits that count. */
  prefix: number;
}

/** Null when the text is neither an address nor a CIDR range (`10.0.0.0/8`). */
function parseIpRange(text: string): IpRange | null {
  const [address = '', prefix, ...rest] = text.split('/');
  const network = parseIpAddress(address);
  if (!network || rest.length > 0) return null;
  if (prefix === undefined) return { network, prefix: network.bits };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > network.bits) return null;
  return { network, prefix: Number(prefix) };
}

/** Is this an IP address or a CIDR range? */
export function isIpRange(text: string): boolean {
  return parseIpRange(text) !== null;
}

/**
 * A test of whether an address lies in one of these ranges.
 *
 * @throws TypeError naming the first text that is neither an address nor a range.
 */
export function createRangeMatcher(ranges: readonly string[]): (address: IpAddress) => boolean {
  const parsed = ranges.map((text) => {
    const range = parseIpRange(text);
    if (!range) throw new TypeError(`not an IP address or a range such as 10.0.0.0/8: ${text}`);
    return range;
  });
  return (address) => parsed.some((range) => isInRange(address, range));
}

function isInRange(address: IpAddress, { network, prefix }: IpRange): boolean {
  const shift = BigInt(network.bits - prefix);
  return address.bits === network.bits && address.value >> shift === network.value >> shift;
}

/** What limits per address count by: an IPv4 address, or the /64 of an IPv6 address, which is what one customer gets. */
export function limitKey({ bits, value }: IpAddress): string {
  return bits === 32 ? `4:${value.toString(16)}` : `6:${(value >> 64n).toString(16)}`;
}
