/**
 * Executes a run up to a point, says so, and waits to be killed:
 *
 *     node crash-child.ts <URL of the engine's module> <path of the store's file> word|seal
 */
import { newId } from '#shared/ids.ts';
import { readSession } from '../../store/read-session.ts';
import { openSqliteStore } from '../../store/sqlite/open-sqlite-store.ts';
import { createTalk, LEASE_MS, openEngineOf, promptInput, SILENT, WORDS } from './engine-bench.ts';
import type { EngineModule } from './engine-harness.ts';

const [module = '', path = '', point = ''] = process.argv.slice(2);
const { openEngine } = (await import(module)) as EngineModule;
const store = openSqliteStore({ path, ttlMs: 3_600_000 });
const [sessionId, prompt] = [newId(), promptInput()];

async function stopHere(): Promise<never> {
  process.stdout.write(`${JSON.stringify({ sessionId, runId: prompt.runId })}\n`);
  return await new Promise(() => {});
}

/** Resolves once the reply's text is stored so far: what was only emitted dies with the process. */
async function stored(text: string): Promise<void> {
  for (;;) {
    const session = await readSession(store, sessionId);
    const reply = session.kind === 'open' ? session.state.messages.at(-1) : undefined;
    if (reply?.parts.some((part) => part.type === 'text' && part.text === text)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const engine = openEngineOf(await openEngine(), {
  store: { ...store, seal: (...args) => (point === 'seal' ? stopHere() : store.seal(...args)) },
  workflow: createTalk(
    () => {},
    () => {},
    async (word) => {
      if (point !== 'word' || word !== WORDS.at(-1)) return;
      await stored(WORDS.slice(0, -1).join(''));
      await stopHere();
    },
  ),
  logger: SILENT,
  owner: 'killed',
  leaseMs: LEASE_MS,
  takeover: 'restart',
});
engine.start();
await store.submit(sessionId, prompt);
await engine.dispatch(sessionId, prompt.runId);
// Nothing else may keep the process alive, such as an engine that waits for deliveries alone.
setInterval(() => {}, 60_000);
