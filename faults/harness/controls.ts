import type { StoreName } from './store-under-test.ts';

/**
 * A negative control: a row that must turn red when this rule is broken. A row that stays green proves nothing about
 * the rule.
 */
export interface Control {
  row: string;
  /** The name of the broken rule in mutations.ts. */
  mutation: string;
  /** Takes more than a few seconds, and so runs with `npm run test:faults -- --controls` only. */
  slow?: boolean;
  /** The stores that have the rule; all stores of the row when not given. */
  only?: readonly StoreName[];
}

/** Every negative control, by row. */
export const CONTROLS: readonly Control[] = [
  { row: 'G1', mutation: 'an answer before the write', slow: true },
  { row: 'G2', mutation: 'prompts that are not idempotent' },
  { row: 'G3', mutation: 'no prev', slow: true },
  { row: 'G3', mutation: 'no head poll', slow: true },
  { row: 'G3', mutation: 'reading before subscribing, and no head poll', slow: true },
  { row: 'G3', mutation: 'resume decided by "ahead of the log" and not by "does not follow"', slow: true },
  { row: 'G3', mutation: 'a torn snapshot: the transcript, then the log', slow: true },
  { row: 'G3', mutation: 'an older transcript over a newer one', slow: true },
  { row: 'G3', mutation: 'trimming more than was asked for', slow: true },
  { row: 'G4', mutation: 'no fence check' },
  { row: 'G4', mutation: 'claiming without a lease' },
  { row: 'G5', mutation: 'no seq check' },
  { row: 'G5', mutation: 'claims that are not idempotent', slow: true },
  { row: 'G6', mutation: 'no takeover', slow: true },
  { row: 'G6', mutation: 'a takeover that cancels the run', slow: true },
  { row: 'G6-drain', mutation: 'a planned stop that ends at once', only: ['redis'], slow: true },
  { row: 'G7', mutation: 'a cancel that does not raise the fence', slow: true },
  { row: 'G8', mutation: 'a finish that does not close the run' },
  { row: 'G9', mutation: 'attempts without end', slow: true },
  { row: 'G11', mutation: 'a full store that does not say so', slow: true },
  { row: 'G14', mutation: 'sessions that are forgotten at once' },
  { row: 'G15', mutation: 'no bound on what a viewer leaves unread', slow: true },
  { row: 'G16', mutation: 'a planned stop that ends at once', slow: true },
  { row: 'G17', mutation: 'an answer before the write' },
  { row: 'G4', mutation: 'Lua: no fence check', only: ['redis', 'upstash'], slow: true },
  { row: 'G4', mutation: 'Lua: leases that nobody looks at', only: ['redis', 'upstash'], slow: true },
  { row: 'G10', mutation: 'a writer that does not wait for the store', only: ['redis', 'upstash'], slow: true },
  { row: 'G11', mutation: 'Lua: scripts that begin when the server is full', only: ['redis', 'upstash'], slow: true },
  { row: 'G12', mutation: 'Lua: keys that vanish are not missed', only: ['redis', 'upstash'] },
  { row: 'G13', mutation: 'Lua: fences that are just counted', only: ['redis'], slow: true },
  { row: 'G13', mutation: 'Lua: gaps that are not answered', only: ['redis'], slow: true },
  { row: 'G13', mutation: 'a takeover that cancels the run', only: ['redis'], slow: true },
  { row: 'AOF-always', mutation: 'a takeover that cancels the run', only: ['redis'], slow: true },
  { row: 'AOF-always', mutation: 'a Redis that keeps nothing', only: ['redis'], slow: true },
  { row: 'AOF-everysec', mutation: 'a Redis that keeps nothing', only: ['redis'], slow: true },
  { row: 'RDB', mutation: 'a Redis that keeps nothing', only: ['redis'], slow: true },
  { row: 'AOF-off', mutation: 'Lua: fences that are just counted', only: ['redis'], slow: true },
  { row: 'versions', mutation: 'a takeover that cancels the run', only: ['redis'], slow: true },
  { row: 'versions', mutation: 'Lua: leases that nobody looks at', only: ['redis'], slow: true },
  { row: 'versions', mutation: 'a finish that does not close the run', only: ['redis'], slow: true },
  { row: 'chaos', mutation: 'a takeover that cancels the run', only: ['redis', 'upstash'], slow: true },
  { row: 'chaos', mutation: 'Lua: no fence check', only: ['redis', 'upstash'], slow: true },
  { row: 'G18', mutation: 'a cursor that is not exclusive' },
  { row: 'G19', mutation: 'a finish that does not close the run', slow: true },
];
