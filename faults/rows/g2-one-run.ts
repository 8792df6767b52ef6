import { randomUUID } from 'node:crypto';
import { resumeOnce } from '../../e2e/support/viewer.ts';
import type { Credentials } from '../../e2e/support/protocol-client.ts';
import type { FaultRow } from '../harness/fault-row.ts';

const PROMPTS_A_SESSION = 20;

export const oneRun: FaultRow = {
  name: 'G2',
  promise: "a client's retry never starts a second run",
  fault: "a line that drops the POST's answer, twice, before the third is let through; a round is a prompt",
  rounds: { full: 1_000, quick: 30 },
  async run({ rounds, openStage, count, violate }) {
    const stage = await openStage();
    try {
      const { proxy, client, direct, model } = stage;
      let credentials: Credentials | null = null;
      for (let index = 0; index < rounds; index += 1) {
        if (index % PROMPTS_A_SESSION === 0 || !credentials) credentials = await direct.mint();
        const [prompt, messageId] = [`Lost answer ${index}`, randomUUID()];
        model.plan(prompt, { tokens: 3, tokensPerSecond: 1_000 });
        proxy.dropAnswers(true);
        for (let time = 0; time < 2; time += 1) {
          if ((await client.postOnce(credentials, { prompt, messageId })) === null) count('answers dropped');
          else violate('an answer came through');
        }
        proxy.restore();
        const { status, body } = await client.post(credentials, { prompt, messageId });
        if (status !== 200 || body.messageId !== messageId) violate(`the retry was answered ${status}`);
        await resumeOnce({ origin: direct.origin, credentials, after: body.cursor });
        const calls = model.callsFor(prompt).length;
        if (calls !== 1) violate(`${calls} model calls for ${prompt}`);
        count('runs', calls);
        const { messages } = (await direct.state(credentials)).body;
        const expected = ((index % PROMPTS_A_SESSION) + 1) * 2;
        if (messages.length !== expected) violate(`${messages.length} messages and not ${expected}`);
      }
    } finally {
      await stage.close();
    }
  },
};
