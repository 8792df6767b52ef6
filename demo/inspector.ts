import { parseCursor, type Cursor } from '#shared/cursor.ts';
import type { Inspection, RelayControls } from './relay-controls.ts';

/** Pauses between two inspections while something happens, and while nothing does, ms. */
const BUSY_MS = 400;
const QUIET_MS = 2500;

/** What the store keeps of the session, polled while the page is looked at. */
export interface Inspector {
  /** The newest answer, kept while the relay is down; null when there is none for this session. */
  readonly latest: Inspection | null;
  /** The relay answered when it was asked last. */
  readonly isReachable: boolean;
  /** The store's clock, ms since the epoch, as estimated here. */
  storeTime(): number;
  /** Asks at once. */
  look(): Promise<void>;
}

interface InspectorOptions {
  relay: RelayControls;
  sessionId(): string | null;
  isBusy(): boolean;
  onChange(): void;
}

/** Starts to poll the relay for what its store keeps. */
export function startInspector({ relay, sessionId, isBusy, onChange }: InspectorOptions): Inspector {
  let latest: Inspection | null = null;
  let readAt = 0;
  let isReachable = true;
  let askedFor: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    clearTimeout(timer);
    const id = sessionId();
    if (id !== askedFor) latest = null;
    askedFor = id;
    try {
      if (id !== null) {
        latest = await relay.inspect(id);
        readAt = performance.now();
      }
      isReachable = true;
    } catch {
      // Down, or an answer that this page cannot read: both are shown as not reachable.
      isReachable = false;
    }
    onChange();
    timer = setTimeout(poll, isBusy() || !isReachable ? BUSY_MS : QUIET_MS);
  }

  function look(): Promise<void> {
    looking ??= ask().finally(() => {
      looking = null;
    });
    return looking;
  }

  function poll(): void {
    if (document.visibilityState === 'visible') look().catch(reportError);
    else timer = setTimeout(poll, QUIET_MS);
  }

  timer = setTimeout(poll);
  return {
    get latest() {
      return askedFor === sessionId() ? latest : null;
    },
    get isReachable() {
      return isReachable;
    },
    storeTime: () => (latest?.now ?? Date.now()) + performance.now() - readAt,
    look,
  };
}

/** How many entries of the log lie after a cursor. */
export function entriesAfter({ log }: Inspection, cursor: Cursor): number {
  const at = parseCursor(cursor);
  if (!at) return 0;
  return log.reduce((sum, { fence, entries, last }) => {
    if (fence < at.fence) return sum;
    return sum + (fence === at.fence ? Math.max(0, last - at.seq) : entries);
  }, 0);
}
