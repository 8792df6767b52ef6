import type { OpenStore } from '#relay/store/testing/conformance/store-harness.ts';
import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import type { RestBridge } from '#testkit/processes/redis/rest-bridge.ts';
import type { TcpProxy } from '#testkit/network/tcp-proxy.ts';

/** Redis on one server, as a Cluster of six, behind a Sentinel, or over the REST of Upstash. */
export type StoreName = 'sqlite' | 'redis' | 'cluster' | 'sentinel' | 'upstash';

/**
 * What the rows need of a store, and all they know of it. A row asks for the port in this process, or for a place that
 * relays keep their sessions in; what is behind is the store's own affair.
 */
export interface StoreUnderTest {
  readonly name: StoreName;
  /** How many relays may use one place at the same time. */
  readonly relays: number;
  /** The store at its port, in this process, with time that can be let pass. */
  readonly openPort: OpenStore;
  openPlace(): Promise<StorePlace>;
  /** A place whose server and lines can be made to fail, where there are any. */
  openSharedPlace?(): Promise<SharedPlace>;
  /** A place that fills up; rejects with one sentence where this machine allows none. */
  openSmallPlace(): Promise<SmallPlace>;
  /** Ends what its ports share. */
  close(): Promise<void>;
}

/** Where relays keep their sessions: outlives them, and is gone once disposed of. */
export interface StorePlace {
  /** What the environment of its relays says of it. */
  readonly settings: Readonly<Record<string, string>>;
  /** And of one of them, counted from 0, where each has a way of its own to it. */
  readonly settingsOf?: (relay: number) => Readonly<Record<string, string>>;
  /** A program with its arguments that runs the relay's command; empty: none. */
  readonly runBy: readonly string[];
  dispose(): Promise<void>;
}

/** A server that relays share, and their lines to it. */
export interface SharedPlace extends StorePlace {
  readonly server: RedisProcess;
  /** By relay. */
  readonly links: readonly TcpProxy[];
  /** What stands between the lines and the server, where that is not the server itself. */
  readonly bridge?: PlaceBridge;
}

/** As of RestBridge; and it can die, and come back at the same place. */
export interface PlaceBridge extends Pick<RestBridge, 'loseAnswers' | 'goAway' | 'endSubscriptions' | 'silence'> {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface SmallPlace extends StorePlace {
  /** How it is made small, in one sentence. */
  readonly means: string;
  /** The code that a full store is refused with here: a limit of the operating system is not told from a broken disk. */
  readonly refusal: 'store-full' | 'store-unavailable';
  /** Takes the room away, but for so many bytes about. */
  fill(leftBytes: number): Promise<void>;
  /** Gives it back. */
  makeRoom(): Promise<void>;
}

/** @throws Error where nothing is shared. */
export async function openSharedPlace({ name, openSharedPlace: open }: StoreUnderTest): Promise<SharedPlace> {
  if (!open) throw new Error(`Relays do not share a place of ${name}.`);
  return open();
}

/** What `openPort` is opened with, where a row does not care. */
export const PORT_OPTIONS = { ttlMs: 86_400_000, maxTranscriptBytes: 8 * 1024 * 1024 };
