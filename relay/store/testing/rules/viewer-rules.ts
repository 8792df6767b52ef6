import { compareCursors, parseCursor } from '#shared/cursor.ts';
import { entriesAfter, followsHead, type Entry, type Histories, type History } from './histories.ts';
import type { LogRules } from './log-rules.ts';
import type { Line } from './log-state.ts';

/** What a reader was shown, and whether it has noticed that something is missing. */
interface Seen {
  shown: History;
  isBehind: boolean;
}

/** A hint arrives: one that follows is shown, one that is known is dropped, and any other means that the log must be read. */
export function hear(histories: Histories, rules: LogRules, line: Line, hint: Entry): Seen {
  const { shown, isBehind } = receive(histories, rules, line.shown, [hint]);
  return isOutOfDate(rules, line, shown, isBehind);
}

/** An answer to a read arrives. The log is as it was when it was read, so hints since then may overlap with it. */
export function readAnswer(
  histories: Histories,
  rules: LogRules,
  shown: History,
  { from, log }: { from: History; log: History },
): Seen {
  const entries = entriesAfter(log, from.head);
  const first = entries[0];
  const isExact = first ? takesNext(rules, from, first) : from.head === log.head;
  const isSnapshot = rules.snapshotUnlessFollowed ? !isExact : compareCursors(from.head, log.head) > 0;
  if (isSnapshot) return { shown: log, isBehind: false };
  // Without the rule, a relay takes everything after the cursor for the rest.
  if (!rules.snapshotUnlessFollowed) {
    const rest = entries.filter(({ id }) => compareCursors(id, shown.head) > 0);
    return { shown: rest.reduce(histories.append, shown), isBehind: false };
  }
  return receive(histories, rules, shown, entries);
}

/** With the head poll a reader need not remember that it is behind: the poll tells. */
export function isOutOfDate(rules: LogRules, line: Line, shown: History, isBehind: boolean): Seen {
  return { shown, isBehind: !rules.headPoll && (isBehind || line.isBehind) };
}

function receive(histories: Histories, rules: LogRules, before: History, entries: readonly Entry[]): Seen {
  let shown = before;
  for (const entry of entries) {
    const isKnown = compareCursors(entry.id, shown.head) <= 0;
    if (takesNext(rules, shown, entry) || (isKnown && !rules.dropKnown)) shown = histories.append(shown, entry);
    else if (!isKnown) return { shown, isBehind: true };
  }
  return { shown, isBehind: false };
}

function takesNext(rules: LogRules, shown: History, entry: Entry): boolean {
  if (rules.prev || entry.seq > 0) return followsHead(shown, entry);
  return entry.fence > (parseCursor(shown.head)?.fence ?? 0);
}
