import type { ScriptName } from './scripts.ts';

/** What a driver brings: a way to run the scripts, and a way to hear what they publish. */
export interface ScriptTransport {
  /**
   * Runs a script and answers as Redis does (texts, `null`, arrays of these; a number may come as its text). It may run
   * a script again whose answer did not arrive: each is idempotent.
   *
   * @throws StoreError
   */
  run(script: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** May one script touch the keys of several partitions? Not on a Cluster. */
  readonly spansPartitions: boolean;
  /** The command that a script publishes with. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  /**
   * Hands over what is published on a channel from when the promise resolves on, until the function it resolves to is
   * called. Asked for once a channel at a time. When something may have been missed (a reconnect), `onUnsure` says so.
   *
   * @throws StoreError
   */
  listen(channel: string, onPayload: (payload: string) => void, onUnsure: () => void): Promise<() => void>;
  /** Idempotent. */
  close(): Promise<void>;
}
