import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import type { Accepted, Credentials } from '#testkit/client/protocol-client.ts';
import { resumeOnce, watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { isTerminal } from '#testkit/client/wire.ts';
import type { FaultRow } from '../harness/fault-row.ts';

const ATTEMPTS = 3;
const AT_ONCE = 10;

export const boundedAttempts: FaultRow = {
  name: 'G9',
  promise: 'bounded attempts: exactly three model calls, then `attempts-exhausted`',
  fault: 'ten prompts at once, whose relay is killed each time it has asked the model; a round is ten prompts',
  rounds: { full: 20, quick: 1 },
  async run({ rounds, openStage, random, count, violate }) {
    const stage = await openStage();
    try {
      const { direct, relay, model } = stage;
      for (let round = 0; round < rounds; round += 1) {
        const asked: { prompt: string; credentials: Credentials; viewer: Viewer; body: Accepted }[] = [];
        for (let index = 0; index < AT_ONCE; index += 1) {
          const prompt = `Kills its relay ${round}.${index}`;
          // Some kill before the first word, some after a few.
          model.plan(prompt, { tokens: 50, tokensPerSecond: 1_000, allowed: random.between(0, 5) });
          const credentials = await direct.mint();
          const viewer = watchSession({ origin: relay.origin, credentials });
          const { body } = await direct.post(credentials, { prompt, messageId: randomUUID() });
          asked.push({ prompt, credentials, viewer, body });
        }
        for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
          await until('the model was asked for each', () =>
            asked.every(({ prompt }) => model.callsFor(prompt).length >= attempt),
          );
          await sleep(random.between(0, 150));
          await relay.kill();
          count('kills');
          await relay.start();
        }
        for (const { prompt, credentials, viewer, body } of asked) {
          await until('the run was given up', () => viewer.hasEnded(body));
          await viewer.leave();
          const frames = await resumeOnce({ origin: relay.origin, credentials, after: body.cursor });
          const calls = model.callsFor(prompt).length;
          const error = frames.find(({ message }) => message.type === 'error')?.message['problem'] as
            | { code?: string }
            | undefined;
          const terminals = frames.filter(isTerminal).map(({ message }) => message['status']);
          if (calls !== ATTEMPTS) violate(`${calls} model calls for ${prompt}`);
          if (error?.code !== 'attempts-exhausted') violate(`${prompt} ended with ${error?.code ?? 'no error'}`);
          if (terminals.join() !== 'failed') violate(`${prompt} ended as ${terminals.join()}`);
          const { body: state } = await direct.state(credentials);
          const { violations, failed } = checkSession({
            viewers: [viewer],
            turns: [{ ...body, prompt }],
            state,
            model,
          });
          violate(...violations);
          if (failed !== 1) violate(`${prompt} did not fail`);
          count('prompts');
          count('model calls', calls);
        }
      }
    } finally {
      await stage.close();
    }
  },
};
