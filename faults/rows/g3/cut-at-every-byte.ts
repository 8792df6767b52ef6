import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import type { RowContext } from '../../harness/fault-row.ts';
import { CALM } from '../../harness/fault-stage.ts';

/** Cuts of a small run, spread over the response. */
const QUICK_CUTS = 60;

/** Cuts a response of a few kB after each of its bytes in turn; the viewer reconnects for the rest. */
export async function cutAtEveryByte({ openStage, quick, count, violate }: RowContext): Promise<void> {
  const stage = await openStage({ settings: CALM });
  try {
    const { direct, proxy, relay } = stage;
    const credentials = await direct.mint();
    const turn = await ask({ ...stage, client: direct }, credentials, 'Cut', { tokens: 14, tokensPerSecond: 200 });
    const first = watchSession({ origin: relay.origin, credentials });
    await until('the reply has ended', () => first.hasEnded(turn.accepted));
    await first.leave();
    const { body: state } = await direct.state(credentials);
    const length = await measure(
      `${relay.origin}/api/check-stream?sessionId=${credentials.sessionId}&after=0-0`,
      credentials.token,
    );
    const step = quick ? Math.ceil(length / QUICK_CUTS) : 1;
    for (let bytes = 0; bytes <= length; bytes += step) {
      let isFirst = true;
      proxy.limitAnswers(() => {
        const limit = isFirst ? bytes : Number.POSITIVE_INFINITY;
        isFirst = false;
        return limit;
      });
      const viewer = watchSession({ origin: proxy.origin, credentials, after: '0-0', reconnectMs: 0 });
      await until('the viewer has all of it', () => viewer.hasEnded(turn.accepted), { everyMs: 1, timeoutMs: 15_000 });
      await viewer.leave();
      violate(...checkSession({ viewers: [viewer], turns: [turn], state, model: stage.model }).violations);
      count('responses cut, one byte later each');
    }
    count('bytes of the response', length);
  } finally {
    await stage.close();
  }
}

/** The bytes of a response up to its end, head included. */
async function measure(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}&until=idle`, { headers: { authorization: `Bearer ${token}` } });
  const head = [...response.headers].reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    'HTTP/1.1 200 OK\r\n\r\n'.length,
  );
  return head + (await response.arrayBuffer()).byteLength;
}
