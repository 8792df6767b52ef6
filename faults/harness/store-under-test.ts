import type { OpenStore } from '#relay/store/testing/conformance/store-harness.ts';
import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import type { RestBridge } from '#testkit/processes/redis/rest-bridge.ts';
import type { TcpProxy } from '#testkit/network/tcp-proxy.ts';

/**
 * The stores: SQLite, and Redis on one server, in a Cluster of six nodes, behind a Sentinel, or over Upstash's REST.
 */
export type StoreName = 'sqlite' | 'redis' | 'cluster' | 'sentinel' | 'upstash';

/**
 * All that rows know of a store. A row opens its port in this process, or a place where relays keep their sessions.
 */
export interface StoreUnderTest {
  readonly name: StoreName;
  /** Relays that may use one place at the same time. */
  readonly relays: number;
  /** Opens the store's port in this process, with a clock that can be moved. */
  readonly openPort: OpenStore;
  openPlace(): Promise<StorePlace>;
  /** Opens a place whose server and connections can be made to fail, where there is a server. */
  openSharedPlace?(): Promise<SharedPlace>;
  /** Opens a place that can be filled. @throws Error with one sentence where this machine allows none. */
  openSmallPlace(): Promise<SmallPlace>;
  /** Closes what its ports share. */
  close(): Promise<void>;
}

/** Where relays keep their sessions. It outlives them, until it is disposed of. */
export interface StorePlace {
  /** Environment variables of its relays. */
  readonly settings: Readonly<Record<string, string>>;
  /** More of them for one relay, numbered from 0, where each relay has a connection of its own. */
  readonly settingsOf?: (relay: number) => Readonly<Record<string, string>>;
  /** A program, with its arguments, that runs the relay's command; empty when there is none. */
  readonly runBy: readonly string[];
  dispose(): Promise<void>;
}

/** A server that relays share, and their connections to it. */
export interface SharedPlace extends StorePlace {
  readonly server: RedisProcess;
  /** The proxy of each relay. */
  readonly links: readonly TcpProxy[];
  /** The bridge between the proxies and the server, where there is one. */
  readonly bridge?: PlaceBridge;
}

/** A RestBridge that can be killed, and started again on the same port. */
export interface PlaceBridge extends Pick<RestBridge, 'loseAnswers' | 'goAway' | 'endSubscriptions' | 'silence'> {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export interface SmallPlace extends StorePlace {
  /** How it is filled, to be printed. */
  readonly means: string;
  /** The code of prompts that are refused when it is full: SQLite takes a file size limit for a broken disk. */
  readonly refusal: 'store-full' | 'store-unavailable';
  /** Leaves about so many bytes free. */
  fill(leftBytes: number): Promise<void>;
  /** Frees the rest again. */
  makeRoom(): Promise<void>;
}

/** Opens a shared place of a store. @throws Error when the store has none. */
export async function openSharedPlace({ name, openSharedPlace: open }: StoreUnderTest): Promise<SharedPlace> {
  if (!open) throw new Error(`Relays do not share a place of ${name}.`);
  return open();
}

/** The default options of `openPort`. */
export const PORT_OPTIONS = { ttlMs: 86_400_000, maxTranscriptBytes: 8 * 1024 * 1024 };
