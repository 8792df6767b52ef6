import { newId } from '#shared/ids.ts';
import { readSession } from '#relay/store/read-session.ts';
import { sealSession } from '#relay/store/seal-session.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { sleep } from '#testkit/wait.ts';
import type { RowContext } from '../../harness/fault-row.ts';
import { claimRun, completedText, startedRunText, submitInput } from '../../harness/port.ts';

const SEALERS = 3;
const RUNS = 6;

/**
 * Several sealers, some slow between their read and their write, while runs end and readers read. Nothing is lost, and
 * every reader sees the conversation as it was at some moment.
 */
export async function sealAtOnce({ openPort, rounds, quick, random, count, violate }: RowContext): Promise<void> {
  const { store, destroy } = await openPort();
  try {
    for (let round = 0; round < (quick ? 10 : Math.ceil(rounds / 5)); round += 1) {
      const sessionId = newId();
      const sealing: Promise<void>[] = [];
      const reading: Promise<string[]>[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const input = submitInput(`Run ${run}`);
        await store.submit(sessionId, input);
        const { fence, runId } = await claimRun(store, sessionId);
        await store.finish(sessionId, {
          fence,
          seq: 1,
          entries: [...startedRunText(runId, `Reply ${run}`), completedText(runId)],
        });
        for (let sealer = 0; sealer < SEALERS; sealer += 1) {
          sealing.push(sealSession(slowly(store, random.between(0, 8)), sessionId));
        }
        reading.push(readOnce(sessionId, random.between(0, 10)));
        await sleep(random.between(0, 8));
      }
      await Promise.all(sealing);
      violate(...(await Promise.all(reading)).flat());
      const texts = await readTexts(store, sessionId);
      if (texts.join('|') !== EXPECTED.join('|')) violate(`after sealing ${RUNS} runs there is ${texts.join('|')}`);
      count('seals at the same time', RUNS * SEALERS);
      count('readings meanwhile', RUNS);
    }
  } finally {
    await destroy();
  }

  async function readOnce(sessionId: string, afterMs: number): Promise<string[]> {
    await sleep(afterMs);
    const texts = await readTexts(store, sessionId);
    const isBeginning = EXPECTED.slice(0, texts.length).join('|') === texts.join('|');
    return isBeginning ? [] : [`while it is sealed there is ${texts.join('|')}`];
  }
}

const EXPECTED = Array.from({ length: RUNS }, (_, run) => [`Run ${run}`, `Reply ${run}`]).flat();

async function readTexts(store: SessionStore, sessionId: string): Promise<string[]> {
  const session = await readSession(store, sessionId);
  if (session.kind !== 'open') return [];
  return session.state.messages.flatMap(({ parts }) => parts.map((part) => ('text' in part ? part.text : '')));
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
