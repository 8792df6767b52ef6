import { newId } from '#shared/ids.ts';
import type { FaultRow } from '../harness/fault-row.ts';
import {
  checkLog,
  chunkText,
  claimInput,
  claimRun,
  completedText,
  isTerminalText,
  readLog,
  startRun,
} from '../harness/port.ts';

export const oneTerminal: FaultRow = {
  name: 'G8',
  promise: 'exactly one terminal message per run in the log',
  fault:
    'the close sent again and again, by its writer, by the writer of an earlier lease, and beside a cancel; a round is a run',
  rounds: { full: 1_000, quick: 200 },
  async run({ rounds, random, openPort, count, violate }) {
    const { store, advance, destroy } = await openPort();
    try {
      for (let round = 0; round < rounds; round += 1) {
        const sessionId = newId();
        const zombie = await startRun(store, sessionId);
        const { runId } = zombie;
        await store.append(sessionId, { fence: zombie.fence, seq: 1, entries: [chunkText(runId, 'one')] });
        let lease = zombie;
        if (random.chance(0.5)) {
          await advance(3_000);
          lease = await claimRun(store, sessionId);
          count('runs taken over');
        }
        const close = (fence: number, seq: number): Promise<string> =>
          store.finish(sessionId, { fence, seq, entries: [completedText(runId)] }).then(({ kind }) => kind);
        const token = newId();
        const answers: string[] = [];
        const send = async (): Promise<void> => {
          const dice = random.next();
          if (dice < 0.15) {
            await store.cancel(sessionId, { token, runId });
            count('cancels');
          } else if (dice < 0.35) {
            const answer = await close(zombie.fence, 2);
            if (lease === zombie) answers.push(answer);
            else if (answer === 'ok' || answer === 'duplicate') violate(`the close of an earlier lease was ${answer}`);
            count('closes sent');
          } else if (dice < 0.45) {
            const { kind } = await store.claim(sessionId, claimInput());
            if (kind === 'lease') violate('a run that is being closed was claimed');
            count('claims tried');
          } else {
            answers.push(await close(lease.fence, lease === zombie ? 2 : 1));
            count('closes sent');
          }
        };
        const times = random.between(2, 8);
        // Some at the same time, some one after the other: the embedded store commits all writes of a tick together.
        await Promise.all(Array.from({ length: times }, send));
        answers.push(await close(lease.fence, lease === zombie ? 2 : 1));
        for (let index = 0; index < times; index += 1) await send();
        const accepted = answers.filter((answer) => answer === 'ok').length;
        if (accepted > 1) violate(`the close was accepted ${accepted} times`);
        const log = await readLog(store, sessionId);
        violate(...checkLog(log));
        const terminals = log.filter(({ data }) => isTerminalText(data)).length;
        if (terminals !== 1) violate(`${terminals} terminal messages after ${answers.join(', ')}`);
        if (!isTerminalText(log.at(-1)?.data ?? '{}')) violate(`after the terminal: ${log.at(-1)?.data}`);
        count('runs');
      }
    } finally {
      await destroy();
    }
  },
};
