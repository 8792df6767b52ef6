import { newId } from '#shared/ids.ts';
import { readSession } from '#relay/store/read-session.ts';
import { sealSession } from '#relay/store/seal-session.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { sleep } from '../../../e2e/support/wait.ts';
import type { RowContext } from '../../harness/fault-row.ts';
import { claimRun, completedText, startedRunText, submitInput } from '../../harness/port.ts';

const SEALERS = 3;
const RUNS = 6;

/** Sealers of which some are slow between their look and their write, while runs end: nothing that was said is lost. */
export async function sealAtOnce({ openPort, rounds, quick, random, count, violate }: RowContext): Promise<void> {
  const { store, destroy } = await openPort();
  try {
    for (let round = 0; round < (quick ? 10 : Math.ceil(rounds / 5)); round += 1) {
      const sessionId = newId();
      const sealing: Promise<void>[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const input = submitInput(`Run ${run}`);
        await store.submit(sessionId, input);
        const { fence, runId } = await claimRun(store, sessionId);
        await store.finish(sessionId, { fence, seq: 1, entries: [...startedRunText(runId, `Reply ${run}`), completedText(runId)] });
        for (let sealer = 0; sealer < SEALERS; sealer += 1) {
          sealing.push(sealSession(slowly(store, random.between(0, 8)), sessionId));
        }
        await sleep(random.between(0, 4));
      }
      await Promise.all(sealing);
      const session = await readSession(store, sessionId);
      const texts = session.kind === 'open' ? session.state.messages.flatMap(({ parts }) => parts.map((part) => ('text' in part ? part.text : ''))) : [];
      const expected = Array.from({ length: RUNS }, (_, run) => [`Run ${run}`, `Reply ${run}`]).flat();
      if (texts.join('|') !== expected.join('|')) violate(`after sealing ${RUNS} runs there is ${texts.join('|')}`);
      count('seals at the same time', sealing.length);
    }
  } finally {
    await destroy();
  }
}

function slowly(store: SessionStore, ms: number): Pick<SessionStore, 'read' | 'seal'> {
  return {
    read: (id, input) => store.read(id, input),
    async seal(id, input) {
      await sleep(ms);
      return store.seal(id, input);
    },
  };
}
