/**
 * The names of the keys: `<prefix>:{<partition>}:<sessionId>:<part>`. Redis Cluster looks at what stands between the
 * braces alone, so that whatever belongs to a session, and the set that says when its run is due, share a slot and
 * change in one script. See docs/decisions/0011-the-keys-of-a-shared-store.md.
 */

/** Enough to spread over the servers of a Cluster; few enough to look at each of them for due runs. */
const PARTITIONS = 64;

export interface Keys {
  /** KEYS of a session's scripts, in the order that relay/store/lua/lib/base.lua gives them. */
  ofSession(sessionId: string): readonly string[];
  /** Where a session's entries are published: the last of its KEYS. */
  eventsOf(sessionId: string): string;
  /** The due sets of all partitions. */
  readonly due: readonly string[];
  /** Holds the version of the keys' format. */
  readonly version: string;
  /** Written to find out whether it can be. */
  readonly probe: string;
}

export function createKeys(prefix: string): Keys {
  const base = (sessionId: string) => `${prefix}:{${partitionOf(sessionId)}}`;
  const eventsOf = (sessionId: string) => `${base(sessionId)}:${sessionId}:events`;
  return {
    ofSession(sessionId) {
      const own = `${base(sessionId)}:${sessionId}`;
      return [
        `${own}:state`,
        `${own}:log`,
        `${own}:transcript`,
        `${own}:ids`,
        `${own}:steps`,
        `${own}:feedback`,
        `${base(sessionId)}:due`,
        eventsOf(sessionId),
      ];
    },
    eventsOf,
    due: Array.from({ length: PARTITIONS }, (_, partition) => `${prefix}:{${partition}}:due`),
    version: `${prefix}:version`,
    probe: `${prefix}:probe`,
  };
}

/** Which of the partitions a session lies in: the CRC-32 of its id. */
export function partitionOf(sessionId: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(sessionId)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0) % PARTITIONS;
}
