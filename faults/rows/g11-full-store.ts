import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import type { Credentials } from '#testkit/client/protocol-client.ts';
import { isNetworkError } from '#testkit/network/is-network-error.ts';
import { resumeOnce, watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import type { Turn } from '../harness/ask.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import type { SmallPlace } from '../harness/store-under-test.ts';

const SESSIONS = 10;

export const fullStore: FaultRow = {
  name: 'G11',
  promise:
    'a full store refuses prompts whole: nothing is half applied, it stays readable, and everything continues when there is room',
  fault:
    'the store filled at random points of replies and prompts, and emptied again, every third time after kill -9; a round is a full store',
  rounds: { full: 100, quick: 2 },
  async run(context) {
    const place = await context.store.openSmallPlace();
    console.log(`  Full by ${place.means}.`);
    const stage = await context.openStage({ place, settings: { LOG_LEVEL: 'error' } });
    try {
      for (let round = 0; round < context.rounds; round += 1) await fillOnce(context, stage, place, round);
      if (context.rounds > 0 && !context.counted('prompts refused whole'))
        context.violate('no prompt met a full store');
    } finally {
      await stage.close();
    }
  },
};

async function fillOnce(context: RowContext, stage: FaultStage, place: SmallPlace, round: number): Promise<void> {
  const { random, count, violate } = context;
  const { relay, direct, model } = stage;
  let phase: 'before' | 'full' | 'killed' | 'after' = 'before';
  const talking = Promise.all(Array.from({ length: SESSIONS }, (_, index) => converse(index)));
  // Awaited at the end; until then a rejection is not unhandled.
  talking.catch(() => undefined);
  await sleep(random.between(100, 500));
  await place.fill(random.between(0, 60_000));
  phase = 'full';
  await sleep(random.between(400, 1_200));
  const killed = round % 3 === 2;
  if (killed) {
    // Responses of this moment end with the relay.
    phase = 'killed';
    await relay.kill();
    count('kills while full');
  }
  await place.makeRoom();
  phase = 'after';
  if (killed) await relay.start();
  for (const { credentials, viewer, turns } of await talking) {
    await viewer.leave();
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [viewer], turns, state, model });
    violate(...violations);
    if (completed !== turns.length) violate(`${turns.length - completed} accepted prompts were not answered`);
    count('prompts answered', completed);
  }
  count('times full');

  async function converse(index: number): Promise<{ credentials: Credentials; viewer: Viewer; turns: Turn[] }> {
    const dice = random.fork();
    const credentials = await direct.mint();
    const viewer = watchSession({ origin: relay.origin, credentials });
    const turns: Turn[] = [];
    while (phase !== 'after' || turns.length === 0) {
      const [prompt, messageId] = [`Full ${round}.${index}.${turns.length}`, randomUUID()];
      model.plan(prompt, { tokens: dice.between(5, 80), tokensPerSecond: 400 });
      const turn = await send(credentials, prompt, messageId);
      turns.push(turn);
      await until('the reply has ended', () => viewer.hasEnded(turn.accepted), { timeoutMs: 40_000 });
    }
    return { credentials, viewer, turns };
  }

  /**
   * Sends a prompt until it is accepted. A refused one must have changed nothing, and the conversation must be
   * readable.
   */
  async function send(credentials: Credentials, prompt: string, messageId: string): Promise<Turn> {
    let refused = false;
    let lost = false;
    for (;;) {
      const before = await direct.state(credentials);
      const answer = await direct.postOnce(credentials, { prompt, messageId });
      if (answer === null) lost = true;
      else if (answer.status === 202 || answer.status === 200) {
        // 200: accepted before, which is right only if that answer was lost.
        if (answer.status === 200 && refused && !lost) violate('a refused prompt had been accepted');
        return { messageId, prompt, runId: answer.body.runId, accepted: answer.body };
      } else {
        refused = true;
        const { code } = answer.body as unknown as { code?: string };
        if (code === place.refusal && answer.status === (code === 'store-full' ? 507 : 503))
          count('prompts refused whole');
        else if (answer.status !== 503 || phase === 'before')
          violate(`a prompt was refused with ${answer.status} ${code ?? ''}`);
        const after = await direct.state(credentials);
        if (!lost && before.status === after.status && JSON.stringify(before.body) !== JSON.stringify(after.body)) {
          violate(`a refused prompt left something: ${JSON.stringify(after.body)}`);
        }
        if (after.status === 200) {
          const frames = await resumeOnce({ origin: relay.origin, credentials }).catch(nullIfCut);
          if (frames?.[0]?.message.type === 'snapshot') count('conversations read while full');
          else if (phase === 'full') violate('a conversation could not be read while the store was full');
        }
      }
      await sleep(40);
    }
  }
}

/** Whether a stream broke off, as it does when its relay is killed. */
function nullIfCut(error: unknown): null {
  if (isNetworkError(error)) return null;
  throw error;
}
