/*
 * Keys are named `<prefix>:{<partition>}:<sessionId>:<part>`. Redis Cluster hashes only the text between the braces, so
 * that all keys of a session, and the set that lists its run as due, share a slot and can change in one script. See
 * docs/decisions/0011-the-keys-of-a-shared-store.md.
 */

/** Prefix of all keys when none is set. */
export const DEFAULT_PREFIX = 'rc';
/** Enough to spread over the servers of a Cluster; few enough to poll each of them for due runs. */
const PARTITIONS = 64;
/** Keys of each session that append.lua is given. */
const WRITER_KEYS = 5;

/** Names of keys and channels. */
export interface Keys {
  /** KEYS of a session's scripts, in the order of lua/lib/base.lua. */
  ofSession(sessionId: string): readonly string[];
  /** What a writer needs, which appends batch by batch: the first of these keys, and the session's group. */
  ofWriter(sessionId: string): WriterKeys;
  /** Channel on which a session's entries are published. */
  eventsOf(sessionId: string): string;
  /** Channel on which a handover of the session's run is published. */
  handOversOf(sessionId: string): string;
  /** Every channel for handovers. */
  readonly handOvers: readonly string[];
  /** The due sets of all partitions. */
  readonly due: readonly string[];
  /** Key of the format's version. */
  readonly version: string;
  /** Key that health checks write. */
  readonly probe: string;
}

/** Keys that appends to a session need. */
export interface WriterKeys {
  /** One script may touch the keys of sessions of the same group: of one partition on a Cluster, else of all. */
  readonly group: number;
  readonly keys: readonly string[];
}

/** Sessions whose writers' keys are remembered, since they are written to again and again. */
const MAX_KNOWN_WRITERS = 2048;

/** @param spansPartitions see `ScriptTransport`: then one channel serves the handovers of all partitions. */
export function createKeys(prefix: string, spansPartitions = true): Keys {
  const handOversIn = (partition: number | string) => `${prefix}:${spansPartitions ? '' : `{${partition}}:`}hand-overs`;
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const writers = new Map<string, WriterKeys>();
  const base = (sessionId: string) => `${prefix}:{${partitionOf(sessionId)}}`;
  const eventsOf = (sessionId: string) => `${base(sessionId)}:${sessionId}:events`;
  const ofSession = (sessionId: string) => {
    const own = `${base(sessionId)}:${sessionId}`;
    return [
      `${own}:state`,
      `${own}:log`,
      `${own}:tail`,
      `${own}:steps`,
      eventsOf(sessionId),
      `${own}:transcript`,
      `${own}:ids`,
      `${own}:feedback`,
      `${base(sessionId)}:due`,
    ];
  };
  return {
    ofSession,
    ofWriter(sessionId) {
      const known = writers.get(sessionId);
      if (known) return known;
      const writer = {
        group: spansPartitions ? 0 : partitionOf(sessionId),
        keys: ofSession(sessionId).slice(0, WRITER_KEYS),
      };
      if (writers.size >= MAX_KNOWN_WRITERS) writers.clear();
      writers.set(sessionId, writer);
      return writer;
    },
    eventsOf,
    handOversOf: (sessionId) => handOversIn(spansPartitions ? '' : partitionOf(sessionId)),
    handOvers: spansPartitions ? [handOversIn('')] : partitions.map(handOversIn),
    due: partitions.map((partition) => `${prefix}:{${partition}}:due`),
    version: `${prefix}:version`,
    probe: `${prefix}:probe`,
  };
}

/** The partition of a session: the CRC-32 of its id, modulo their number. */
export function partitionOf(sessionId: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(sessionId)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0) % PARTITIONS;
}
