/**
 * Null when what has come can be folded at once, and otherwise a promise that resolves when it can; it rejects when what
 * is needed for that cannot be loaded. Here it always can: only the widget's build leaves out what folds rarer
 * chunks, and loads it with the first of them (scripts/vite/lean-wire.ts).
 */
export function loadFolding(_events: readonly object[]): Promise<void> | null {
  return null;
}
