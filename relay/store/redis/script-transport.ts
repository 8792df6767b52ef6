import type { ScriptName } from './scripts.ts';

/** What a driver brings: a way to run the scripts, and a way to receive what they publish. */
export interface ScriptTransport {
  /**
   * Runs a script and resolves with its reply: texts, `null`, arrays of these; a number may come as its text. A script
   * whose reply did not arrive may be run again: each is idempotent.
   *
   * @throws StoreError
   */
  run(script: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** One script may touch the keys of several partitions. Not so on a Cluster. */
  readonly spansPartitions: boolean;
  /** The command that a script publishes with. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  /**
   * Subscribes to a channel: calls `onPayload` for everything that is published after the promise has resolved, until the
   * function it resolves to is called. `onUnsure` is called when something may have been missed (a reconnect). A channel
   * has one listener at a time.
   *
   * @throws StoreError
   */
  listen(channel: string, onPayload: (payload: string) => void, onUnsure: () => void): Promise<() => void>;
  /** Idempotent. */
  close(): Promise<void>;
}
