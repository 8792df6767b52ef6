import { randomUUID } from 'node:crypto';
import { checkConversation } from '../../e2e/support/check-reply.ts';
import { checkHistory } from '../../e2e/support/history-checker.ts';
import { readMessages } from '../../e2e/support/transcript.ts';
import { watchSession } from '../../e2e/support/viewer.ts';
import { sleep, until } from '../../e2e/support/wait.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { drainRelays } from './g6/drain-relays.ts';
import { killRelays } from './g6/kill-relays.ts';

const AT_ONCE = 8;
const LEASE_MS = 10_000;
const LIMIT_MS = 15_000;

export const takeover: FaultRow = {
  name: 'G6',
  promise: 'takeover within 15 s with the default lease of 10 s, p99 below 12 s; of a drained relay within a second',
  fault: 'kill -9 in the middle of many replies, and a start on the same file or relays that live; with several relays SIGTERM too; a round is a kill',
  rounds: { full: 200, quick: 1 },
  async run(context) {
    if (context.store.relays === 1) return startAgain(context);
    await drainRelays(context);
    await killRelays(context);
  },
};

async function startAgain({ rounds, openStage, random, count, time, violate }: RowContext): Promise<void> {
  const stage = await openStage({ settings: { LEASE_MS: String(LEASE_MS) } });
  try {
    const { direct, relay, model } = stage;
    for (let round = 0; round < rounds; round += 1) {
      let begun = 0;
      let killedAt = 0;
      const killing = until('all replies have begun', () => begun === AT_ONCE)
        .then(() => sleep(random.between(0, 200)))
        .then(async () => {
          killedAt = performance.now();
          await relay.kill();
          await relay.start();
          count('kills');
        });
      const talking = inParallel(AT_ONCE, AT_ONCE, async (index) => {
        const credentials = await direct.mint();
        const viewer = watchSession({ origin: relay.origin, credentials });
        const [prompt, messageId] = [`Takeover ${round}.${index}`, randomUUID()];
        // No reply ends before the kill, however long that takes to come.
        model.plan(prompt, { tokens: 400, tokensPerSecond: 400, allowed: 350 });
        const { body } = await direct.post(credentials, { prompt, messageId });
        await until('the reply has begun', () => viewer.received.length > 3);
        begun += 1;
        const isRestart = ({ frame }: (typeof viewer.received)[number]): boolean => frame.message['status'] === 'restarted';
        await until('the run was taken over', () => viewer.received.some(isRestart), { everyMs: 2, timeoutMs: 30_000 });
        const ms = performance.now() - killedAt;
        model.allow(prompt, 400);
        time('from the kill to the first new entry seen', ms);
        if (ms > LIMIT_MS) violate(`a takeover took ${ms.toFixed(0)} ms`);
        await until('the reply has ended', () => viewer.hasEnded(body));
        await viewer.leave();
        violate(...checkHistory(viewer.received, { snapshots: 'first' }));
        const { messages } = (await direct.state(credentials)).body;
        const turns = [{ messageId, prompt, runId: body.runId }];
        const { violations, completed } = checkConversation(readMessages(messages), { turns }, model);
        violate(...violations);
        if (completed !== 1) violate(`${prompt} was not answered`);
        count('replies taken over');
      });
      await Promise.all([killing, talking]);
    }
  } finally {
    await stage.close();
  }
}
