import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FRAME_CONTROLS, LOG_CONTROLS, SEAL_CONTROLS, type Control } from './controls.ts';
import { explore, type Counterexample, type Model } from './explore.ts';
import { tryAllFrames } from './frame-rules.ts';
import { createLogModel } from './log-model.ts';
import { FAULTS, type LogBounds } from './log-rules.ts';
import { createSealModel } from './seal-rules.ts';

/** `RULES=full` searches further, for minutes; `RULES=write` updates the table in docs/rules.md. */
const RULES = process.env['RULES'];
const IS_FULL = RULES === 'full';
const PAGE = new URL('../../../../docs/rules.md', import.meta.url);
const LIMITS = { timeout: IS_FULL ? 3_600_000 : 120_000 };
const MAX_STATES = IS_FULL ? 20_000_000 : 1_000_000;

const ALL: LogBounds = { faults: 2, kinds: FAULTS, chunks: 1, prompts: 1, takeover: 'restart', viewers: 1 };

const WRITE_SIDE: LogBounds = { ...ALL, faults: 3, chunks: 2, takeover: 'continue', viewers: 0 };

const LOGS: Record<string, LogBounds> = IS_FULL
  ? {
      'any two faults, takeovers by continue': { ...ALL, takeover: 'continue' },
      'any two faults, longer replies': { ...ALL, chunks: 2, takeover: 'continue' },
      'any two faults, two prompts': { ...ALL, prompts: 2 },
      'any fault, two viewers': { ...ALL, faults: 1, viewers: 2 },
      'any three faults, two prompts, without viewers': { ...WRITE_SIDE, prompts: 2 },
    }
  : {
      'any two faults': ALL,
      'any fault, two prompts': { ...ALL, faults: 1, prompts: 2 },
      'any fault, longer replies, takeovers by continue': { ...ALL, faults: 1, chunks: 2, takeover: 'continue' },
      'any three faults, takeovers by continue, without viewers': WRITE_SIDE,
      'no fault, two viewers': { ...ALL, faults: 0, viewers: 2 },
    };

describe('the rules of the log hold under', () => {
  it.each(Object.entries(LOGS))('%s', LIMITS, (name, bounds) => {
    expect(problemOf(name, createLogModel({}, bounds))).toBeNull();
  });
});

describe('the rules of sealing hold', () => {
  it('for two sealers, a new viewer and one that reads entry by entry', LIMITS, () => {
    const bounds = IS_FULL ? { runs: 4, seals: 2 } : { runs: 3, seals: 2 };
    expect(problemOf('two sealers', createSealModel({}, bounds))).toBeNull();
  });

  it('for a sealer that reads in two steps, thanks to compare-and-set', LIMITS, () => {
    expect(
      problemOf('a torn read by a sealer', createSealModel({ sealerReadsAtOnce: false }, { runs: 3, seals: 1 })),
    ).toBeNull();
  });
});

describe('the rules of merged frames hold', () => {
  it('for every way to merge, every cursor and every lost frame', LIMITS, () => {
    const { cases, counterexample } = tryAllFrames({}, { longest: IS_FULL ? 8 : 6, isLossy: true });
    console.log(`every way to merge: ${cases} cases`);
    expect(counterexample).toBeNull();
    expect(cases).toBeGreaterThan(10_000);
  });
});

describe.each([
  ['the log', LOG_CONTROLS],
  ['sealing', SEAL_CONTROLS],
  ['merged frames', FRAME_CONTROLS],
])('a rule of %s that is left out is noticed:', (_part, controls: readonly Control[]) => {
  it.each(controls.map((control) => [control.name, control] as const))('%s', (_name, { search, finds }) => {
    expect(search()?.kind).toBe(finds);
  });
});

describe('docs/rules.md', () => {
  it('shows each rule left out with its shortest counterexample (RULES=write updates it)', LIMITS, async () => {
    const controls = [...LOG_CONTROLS, ...SEAL_CONTROLS, ...FRAME_CONTROLS];
    const rows = controls.map(({ name, search }) => {
      const found = search();
      return `| ${name} | ${found?.kind} | ${found?.trace.join('; ')} |`;
    });
    const table = ['| left out | goes wrong | shortest way to it |', '|---|---|---|', ...rows].join('\n');
    const page = await readFile(PAGE, 'utf8');
    const start = page.indexOf('| left out |');
    expect(start).toBeGreaterThan(0);
    const renewed = `${page.slice(0, start)}${table}\n`;
    if (RULES === 'write') await writeFile(PAGE, renewed);
    else expect(page).toBe(renewed);
  });
});

/** The violation found, or null. Prints how much was searched. A model without any steps counts as a violation. */
function problemOf<State>(name: string, model: Model<State>): Counterexample | string | null {
  const { states, transitions, depth, atRest, counterexample } = explore(model, { maxStates: MAX_STATES });
  console.log(`${name}: ${states} states, ${transitions} transitions, ${depth} steps deep, ${atRest} at rest`);
  return counterexample ?? (states > 1_000 && atRest > 0 ? null : 'the model does nothing');
}
