import { ensureBuild } from '#scripts/ensure-build.ts';
import { ensureTestPrograms } from '#scripts/programs.ts';

/** Runs once before all end-to-end tests: finds the programs they start, and builds the pages they open. */
export function setup(): void {
  Object.assign(process.env, ensureTestPrograms());
  ensureBuild();
}
