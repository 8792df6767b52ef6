import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';
import type { FaultRow } from '../harness/fault-row.ts';

const PROMPTS_A_SESSION = 20;

interface Turn {
  messageId: string;
  prompt: string;
  runId: string;
}

export const oneRun: FaultRow = {
  name: 'G2',
  promise: "a client's retry never starts a second run",
  fault: 'a proxy that drops the answer to a POST twice, and lets the third through; a round is a prompt',
  rounds: { full: 1_000, quick: 30 },
  async run({ rounds, openStage, count, violate }) {
    const stage = await openStage();
    try {
      const { proxy, client, direct, model } = stage;
      for (let first = 0; first < rounds; first += PROMPTS_A_SESSION) {
        const credentials = await direct.mint();
        const viewer = watchSession({ origin: direct.origin, credentials });
        const turns: Turn[] = [];
        for (let index = first; index < Math.min(rounds, first + PROMPTS_A_SESSION); index += 1) {
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
          turns.push({ prompt, messageId, runId: body.runId });
          await until('the reply has ended', () => viewer.hasEnded(body), { everyMs: 2 });
          const calls = model.callsFor(prompt).length;
          if (calls !== 1) violate(`${calls} model calls for ${prompt}`);
          count('runs', calls);
        }
        await viewer.leave();
        const { body: state } = await direct.state(credentials);
        const { violations, completed } = checkSession({ viewers: [viewer], turns, state, model });
        violate(...violations);
        if (completed !== turns.length) violate(`of ${turns.length} prompts ${completed} were answered`);
      }
    } finally {
      await stage.close();
    }
  },
};
