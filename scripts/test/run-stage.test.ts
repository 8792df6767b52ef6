import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readVitestReport } from '../test-report.ts';
import { createStageRunner, type Outcome } from './run-stage.ts';
import type { Stage } from './stages.ts';

/** Runs Node with this code as a stage; answers also what was printed. */
async function run(code: string, stage: Partial<Stage> = {}): Promise<Outcome & { printed: string }> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const runner = createStageRunner(process.env, performance.now() + 60_000);
    const outcome = await runner.run({ name: 'a stage', command: ['node', '-e', code], limitMinutes: 1, ...stage });
    return { ...outcome, printed: [...log.mock.calls, ...error.mock.calls].flat().join('\n') };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

it('counts a check only when it fails, and prints what it said in one piece', async () => {
  expect(await run(`console.log('fine')`)).toMatchObject({ tally: { passed: 0, failed: 0 }, isSuite: false });
  const failed = await run(`console.log('one'); console.error('two'); process.exitCode = 1`);
  expect(failed.tally.failed).toBe(1);
  expect(failed.printed).toMatch(/── a stage ──\n(one\ntwo|two\none)/);
});

it('counts a program that cannot be run as a failure', async () => {
  const { tally, printed } = await run('', { command: ['no-such-program'] });
  expect(tally.failed).toBe(1);
  expect(printed).toContain('ENOENT');
});

it('kills a stage at its limit, with the processes that it started', async () => {
  const code = `const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    console.log('child ' + pid); setInterval(() => {}, 1000)`;
  const { tally, printed } = await run(code, { limitMinutes: 2 / 60 });
  expect(tally.failed).toBe(1);
  expect(printed).toContain('was killed');
  const child = Number(/child (\d+)/.exec(printed)?.[1]);
  await vi.waitFor(() => expect(() => process.kill(child, 0)).toThrow('ESRCH'), { timeout: 10_000 });
});

it('counts the tests of a suite by its report, and a suite without a report as a failure', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'stage-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'report.json');
  const report = { file, read: readVitestReport };
  expect((await run('', { report })).tally.failed).toBe(1);
  const assertionResults = [{ status: 'passed', fullName: 'it works' }];
  writeFileSync(file, JSON.stringify({ testResults: [{ name: 'a', status: 'passed', assertionResults }] }));
  expect(await run('', { report })).toMatchObject({ tally: { passed: 1, failed: 0 }, isSuite: true });
});
