import type { Later, LaterTools } from '../later-part.ts';
import { fitToText, isSendKey } from './field.ts';
import { icons } from './icons.ts';
import { canRetry, describeFailure, notice, readAnyProblem, readNotice } from './notice.ts';

const TOOLS: LaterTools = {
  ...{ canRetry, describeFailure, fitToText, isSendKey, notice, readAnyProblem, readNotice },
  checkIcon: icons.check,
};

/** After it could not be had it is not asked for again for so long, ms: whatever is drawn would ask. */
const PATIENCE_MS = 3000;

let later: Later | null = null;
let loading: Promise<void> | null = null;
let idle = false;
/** Told once it has come. */
const waiting = new Set<() => void>();

/** Fetches it once. Never rejects; when it cannot be had, a later call tries again. */
export function loadLater(): Promise<void> {
  loading ??= import('../later-part.ts').then(
    ({ createLater }) => {
      later = createLater(TOOLS);
      for (const tell of waiting) tell();
      waiting.clear();
    },
    (error: unknown) => {
      // The page's own error log explains why there are no buttons under an answer.
      console.error(error);
      setTimeout(() => (loading = null), PATIENCE_MS);
    },
  );
  return loading;
}

/** What has come of it; null as long as it is on its way, and `onLoaded` is then called. */
export function findLater(onLoaded: () => void): Later | null {
  if (later) return later;
  waiting.add(onLoaded);
  void loadLater();
  return null;
}

/** As `findLater`, but it is not fetched before the browser has nothing better to do. */
export function expectLater(onLoaded: () => void): Later | null {
  if (later) return later;
  waiting.add(onLoaded);
  if (idle || loading) return null;
  idle = true;
  const load = (): void => {
    idle = false;
    void loadLater();
  };
  // Safari has none.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(load);
  else setTimeout(load);
  return null;
}

/** What has come of it, for those who are drawn anew when it comes. */
export function currentLater(): Later | null {
  return later;
}
