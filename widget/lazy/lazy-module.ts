/** Pause after the first failed attempt, ms. It doubles with each further one. */
const FIRST_PAUSE_MS = 1_000;

/** The pause stops growing here, ms: a file that a page forbids is asked for once a minute. */
const LONGEST_PAUSE_MS = 60_000;

/** A module that is imported when it is first needed. */
export interface LazyModule<Module> {
  /** Null until it has been loaded. */
  readonly current: Module | null;
  /**
   * Makes one attempt, shared by everybody who asks meanwhile. After a failed attempt the next one waits for a pause, so
   * that asking often sends no more requests.
   *
   * @throws what the import threw, when this attempt failed.
   */
  load(): Promise<Module>;
}

/**
 * Describes a module to load later. `importModule` is told how many attempts have failed: browsers may remember a failed
 * import for the life of the page, so each further attempt needs another address.
 *
 * @example
 * const panel = createLazyModule((failures) => importRetry('panel', failures) ?? import('./panel/index.ts'));
 */
export function createLazyModule<Module>(
  importModule: (failures: number) => Promise<Module>,
  firstPauseMs: number = FIRST_PAUSE_MS,
): LazyModule<Module> {
  let current: Module | null = null;
  let attempt: Promise<Module> | null = null;
  let failures = 0;
  let pauseEnd = 0;

  async function tryOnce(): Promise<Module> {
    const pause = pauseEnd - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      current = await importModule(failures);
      return current;
    } catch (error) {
      // Once: the page's console is where its developer looks for a blocked or missing file.
      if (failures === 0) console.error('Resumable Chat could not load one of its files and tries again.', error);
      pauseEnd = performance.now() + Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** failures);
      failures += 1;
      attempt = null;
      throw error;
    }
  }

  return {
    get current() {
      return current;
    },
    load: () => (attempt ??= tryOnce()),
  };
}

/** Loads a module, however many attempts it takes. Never rejects. */
export async function keepLoading<Module>(module: LazyModule<Module>): Promise<Module> {
  for (;;) {
    try {
      return await module.load();
    } catch {
      // Logged by the module; the next attempt waits for its pause.
    }
  }
}
