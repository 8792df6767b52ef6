import { randomUUID } from 'node:crypto';
import { checkConversation } from '../../e2e/support/check-reply.ts';
import type { Accepted, Credentials } from '../../e2e/support/protocol-client.ts';
import { readMessages } from '../../e2e/support/transcript.ts';
import { resumeOnce } from '../../e2e/support/viewer.ts';
import { sleep } from '../../e2e/support/wait.ts';
import type { FaultRow } from '../harness/fault-row.ts';

const AT_ONCE = 10;

interface Asked {
  credentials: Credentials;
  prompt: string;
  messageId: string;
  answer: Accepted | null;
}

export const neverLost: FaultRow = {
  name: 'G1',
  promise: 'an acknowledged prompt is never lost',
  fault: 'kill -9 around the answers to ten prompts; a round is a kill',
  rounds: { full: 1_000, quick: 3 },
  async run({ rounds, openStage, random, count, violate }) {
    const stage = await openStage();
    try {
      const { relay, direct, model } = stage;
      const ask = async (one: Asked, delayMs: number): Promise<void> => {
        await sleep(delayMs);
        const answer = await direct.postOnce(one.credentials, { prompt: one.prompt, messageId: one.messageId });
        if (answer && answer.status !== 202) violate(`the prompt was answered ${answer.status}`);
        one.answer = answer?.body ?? null;
      };
      for (let round = 0; round < rounds; round += 1) {
        const asked: Asked[] = [];
        for (let index = 0; index < AT_ONCE; index += 1) {
          const prompt = `Round ${round}, prompt ${index}`;
          model.plan(prompt, { tokens: 10, tokensPerSecond: 1_000 });
          asked.push({ credentials: await direct.mint(), prompt, messageId: randomUUID(), answer: null });
        }
        const asking = asked.map((one) => ask(one, random.between(0, 30)));
        await sleep(random.between(0, 50));
        await relay.kill();
        count('kills');
        await Promise.all(asking);
        await relay.start();
        for (const one of asked) {
          if (one.answer) count('prompts acknowledged before the kill');
          else {
            count('prompts sent again');
            one.answer = (await direct.post(one.credentials, { prompt: one.prompt, messageId: one.messageId })).body;
          }
        }
        for (const { credentials, prompt, messageId, answer } of asked) {
          await resumeOnce({ origin: relay.origin, credentials });
          const { body } = await direct.state(credentials);
          const turns = [{ messageId, prompt, runId: answer?.runId ?? '' }];
          const { violations, completed } = checkConversation(readMessages(body.messages), { turns }, model);
          violate(...violations);
          if (completed !== 1) violate(`${prompt} was not answered`);
        }
      }
    } finally {
      await stage.close();
    }
  },
};
