/**
 * The names of the keys: `<prefix>:{<partition>}:<sessionId>:<part>`. Redis Cluster looks at what stands between the
 * braces alone, so that whatever belongs to a session, and the set that says when its run is due, share a slot and
 * change in one script. See docs/decisions/0011-the-keys-of-a-shared-store.md.
 */

/** What the names of all keys begin with when nothing else is said. */
export const DEFAULT_PREFIX = 'rc';
/** Enough to spread over the servers of a Cluster; few enough to look at each of them for due runs. */
const PARTITIONS = 64;
/** KEYS of append.lua, which runs for each batch of tokens. */
const WRITER_KEYS = 5;

export interface Keys {
  /** KEYS of a session's scripts, in the order that relay/store/redis/lua/lib/base.lua gives them. */
  ofSession(sessionId: string): readonly string[];
  /** What a writer needs, which appends batch by batch: the first of these keys, and the session's group. */
  ofWriter(sessionId: string): WriterKeys;
  /** Where a session's entries are published. */
  eventsOf(sessionId: string): string;
  /** Where it is published that the session's run was handed over. */
  handOversOf(sessionId: string): string;
  /** All of those. */
  readonly handOvers: readonly string[];
  /** The due sets of all partitions. */
  readonly due: readonly string[];
  /** Holds the version of the keys' format. */
  readonly version: string;
  /** Written to find out whether it can be. */
  readonly probe: string;
}

export interface WriterKeys {
  /** One script may touch the keys of sessions of the same group: of one partition on a Cluster, else of all. */
  readonly group: number;
  readonly keys: readonly string[];
}

/** Sessions whose writers' keys are remembered, since they are written to again and again. */
const MAX_KNOWN_WRITERS = 2048;

/** @param spansPartitions one channel will do for the hand-overs of all partitions: as in `ScriptTransport`. */
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

/** Which of the partitions a session lies in: the CRC-32 of its id. */
export function partitionOf(sessionId: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(sessionId)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0) % PARTITIONS;
}
