import { createStage } from '#relay/generation/testing/stage.ts';
import { workflow } from '#relay/engine/workflow.ts';
import { sleep } from '#testkit/wait.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { createLosingStore } from '../harness/losing-store.ts';
import { checkLog, readLog } from '../harness/port.ts';
import { cutReplies } from './g5/cut-replies.ts';

const LENGTH = 40;
const AT_ONCE = 24;

export const lostAnswers: FaultRow = {
  name: 'G5',
  promise: 'a lost acknowledgement never duplicates',
  fault:
    'writes of a running reply lost on their way, or their answers; a connection to Redis that ends in the middle of answers; requests over REST that are executed and not answered; a round is a reply',
  rounds: { full: 1_000, quick: 40 },
  async run(context) {
    await inParallel(context.rounds, AT_ONCE, () => writeThroughLosses(context));
    if (context.store.name === 'redis' || context.store.name === 'upstash') await cutReplies(context);
  },
};

async function writeThroughLosses({ random, openPort, count, same, violate }: RowContext): Promise<void> {
  const port = await openPort();
  const losing = createLosingStore(port.store, random.fork(), 0.3);
  const body = workflow('talk', async (work, { runId }) => {
    await work.run('say', async (step) => {
      for (let index = 0; index < LENGTH; index += 1) {
        await step.emit({ type: 'chunk', runId, chunk: { type: 'data-n', data: index } });
        await sleep(2);
      }
    });
    await work.run('end', (step) => {
      step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: work.attempt }]);
    });
  });
  const stage = createStage({
    workflow: () => body,
    store: port.store,
    wrap: () => losing.store,
    engine: { leaseMs: 60_000, pollMs: 20 },
  });
  try {
    stage.start();
    await stage.prompt('Hi');
    const { messages } = await stage.ended(30_000);
    const log = await readLog(stage.store, stage.sessionId);
    violate(...checkLog(log));
    const found = messages.map((message) => {
      if (message.type !== 'chunk') return message.type === 'metadata' ? message.status : message.type;
      return message.chunk.type === 'data-n' ? message.chunk.data : message.chunk.type;
    });
    const expected = ['message', 'started', ...Array.from({ length: LENGTH }, (_, index) => index), 'completed'];
    same('the log', found, expected);
    count('replies');
    count('entries', log.length);
    count('answers lost', losing.lost.after);
    count('writes lost', losing.lost.before);
  } finally {
    await stage[Symbol.asyncDispose]();
    await port.destroy();
  }
}
