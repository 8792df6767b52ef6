import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';
import { ask, type Turn } from '../../harness/ask.ts';
import type { RowContext } from '../../harness/fault-row.ts';
import { CALM } from '../../harness/fault-stage.ts';

const VIEWERS = 4;
/** Bytes per connection, the head of the response included, so that some connections deliver nothing. */
const BYTES_A_CONNECTION = { min: 300, max: 1_600 };
/** One connection in ten lasts longer, to catch up: waiting text is merged into one message, which may be long. */
const LONG = { chance: 0.1, bytes: 30_000 };

/** Viewers of running replies, whose connections last for a few messages each. */
export async function reconnectOften({ openStage, rounds, random, count, violate }: RowContext): Promise<void> {
  const stage = await openStage({ settings: CALM });
  try {
    const { direct, proxy } = stage;
    const credentials = await direct.mint();
    const draws = random.fork();
    proxy.limitAnswers(() =>
      draws.chance(LONG.chance) ? LONG.bytes : draws.between(BYTES_A_CONNECTION.min, BYTES_A_CONNECTION.max),
    );
    const viewers = Array.from({ length: VIEWERS }, () =>
      watchSession({ origin: proxy.origin, credentials, reconnectMs: 1 }),
    );
    const turns: Turn[] = [];
    while (viewers.some(({ connections }) => connections < rounds)) {
      const plan = { tokens: random.between(100, 400), tokensPerSecond: 300 };
      const turn = await ask({ ...stage, client: direct }, credentials, `Reconnect ${turns.length}`, plan);
      turns.push(turn);
      await until('the reply has ended for all', () => viewers.every((viewer) => viewer.hasEnded(turn.accepted)), {
        timeoutMs: 20_000,
      });
    }
    const { body: state } = await direct.state(credentials);
    await Promise.all(viewers.map((viewer) => viewer.leave()));
    violate(...checkSession({ viewers, turns, state, model: stage.model }).violations);
    count('viewers', VIEWERS);
    count(
      'reconnects',
      viewers.reduce((sum, { connections }) => sum + connections, 0),
    );
    count(
      'messages through them',
      viewers.reduce((sum, { received }) => sum + received.length, 0),
    );
  } finally {
    await stage.close();
  }
}
