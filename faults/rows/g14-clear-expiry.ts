import { newId } from '#shared/ids.ts';
import { RefusedError, watchSession } from '#testkit/client/viewer.ts';
import { comesTrue, sleep } from '#testkit/wait.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { completedText, startRun } from '../harness/port.ts';

const TTL_MS = 60_000;

export const clearExpiry: FaultRow = {
  name: 'G14',
  promise:
    'expiry is clear: 410 while the session is remembered, 404 later, `bye gone` to open streams, never an empty 200',
  fault:
    'reads around the end of a session, at the port with a clock that is moved and at a relay whose sessions live 2 s',
  rounds: { full: 200, quick: 20 },
  async run(context) {
    await atPort(context);
    await atRelay(context);
  },
};

async function atPort({ rounds, random, openPort, count, violate }: RowContext): Promise<void> {
  const { store, advance, destroy } = await openPort({ ttlMs: TTL_MS });
  try {
    for (let round = 0; round < rounds; round += 1) {
      const sessionId = newId();
      const lease = await startRun(store, sessionId);
      await store.finish(sessionId, { fence: lease.fence, seq: 1, entries: [completedText(lease.runId)] });
      let gone = false;
      const unfollow = await store.follow(sessionId, (event) => {
        if (event.kind === 'gone') gone = true;
      });
      const writtenAt = performance.now();
      let before = 'open';
      let advanced = 0;
      const ages = [
        0,
        TTL_MS - 500,
        TTL_MS,
        TTL_MS + 1,
        random.between(1, TTL_MS * 2),
        random.between(TTL_MS, TTL_MS * 4),
        TTL_MS * 9,
      ];
      for (const age of ages.toSorted((a, b) => a - b)) {
        await advance(age - advanced);
        advanced = age;
        const [head, read] = [await store.head(sessionId), await store.read(sessionId, { limit: 10 })];
        const kind = read.kind === 'snapshot' || read.kind === 'exact' ? 'open' : read.kind;
        if (kind !== head.kind) violate(`read says ${kind} and head ${head.kind} at ${age} ms`);
        // The clock of some stores runs on by itself.
        const oldest = age + performance.now() - writtenAt;
        if (oldest < TTL_MS && kind !== 'open') violate(`${kind} at ${age} ms of ${TTL_MS}`);
        if (age > TTL_MS && kind === 'open') violate(`still open at ${age} ms of ${TTL_MS}`);
        if (kind === 'open' && 'entries' in read && read.entries.length === 0) violate(`open and empty at ${age} ms`);
        if (STATES.indexOf(kind) < STATES.indexOf(before)) violate(`${kind} after ${before} at ${age} ms`);
        before = kind;
        count(`reads at the port: ${kind}`);
        // An expired session is erased, and its followers are told, a moment after it was found.
        if (kind === 'gone' && !gone) await sleep(5);
      }
      unfollow();
      if (gone) count('followers told');
      else violate('a follower was not told');
    }
  } finally {
    await destroy();
  }
}

/** Statuses of an expired session: with an expired token, remembered, and forgotten. */
const REFUSED = [401, 410, 404];
const STATES = ['open', 'gone', 'empty'];

/** Writes all sessions at about the same time and reads them until they have expired. */
async function atRelay({ rounds, random, openStage, count, violate }: RowContext): Promise<void> {
  const stage = await openStage({ settings: { SESSION_TTL_SECONDS: '2' } });
  try {
    const { direct, relay, model } = stage;
    await inParallel(rounds, 40, async (index) => {
      const credentials = await direct.mint();
      // It does not reconnect on silence, and so is connected when the session expires.
      const viewer = watchSession({ origin: relay.origin, credentials, silenceMs: 60_000 });
      const prompt = `Expires ${index}`;
      model.plan(prompt, { tokens: 3, tokensPerSecond: 1_000 });
      await direct.post(credentials, { prompt });
      let { token } = credentials;
      let renewed = false;
      let before = 200;
      const deadline = Date.now() + 15_000;
      while (before !== 404 && Date.now() < deadline) {
        const { status, body } = await direct.state({ ...credentials, token });
        count(`reads at a relay: ${status}`);
        if (status === 401) {
          // The token lives twice as long as the session, so that expiry was seen by now. It can be renewed once more.
          if (before === 200) violate('the token ended before the session');
          if (renewed) break;
          renewed = true;
          const next = await renew(direct.origin, token);
          if (next === null) break;
          token = next;
          continue;
        }
        if (![200, 410, 404].includes(status)) violate(`the state answered ${status}`);
        if (status === 200 && body.messages.length === 0) violate('an empty 200');
        if (status === 200 && before !== 200) violate(`200 after ${before}`);
        if (status === 404 && before === 200) violate('404 with no 410 before it');
        before = status;
        await sleep(random.between(20, 120));
      }
      if (before === 200) violate('the session never expired');
      // On a busy machine a viewer may connect too late, and is refused.
      const isTold = (): boolean => viewer.byes.includes('gone') || viewer.connections === 0;
      if (!(await comesTrue(isTold, { timeoutMs: 10_000 })))
        violate('an open stream was not told that its session is gone');
      count(viewer.connections === 0 ? 'streams that came too late' : 'streams closed with bye gone');
      // The viewer reconnects, is refused, and ends with that error.
      await viewer.leave().catch((error: unknown) => {
        if (!(error instanceof RefusedError && REFUSED.includes(error.status))) throw error;
      });
    });
  } finally {
    await stage.close();
  }
}

/** A new token for the session; null when the old one is too old to be renewed. */
async function renew(origin: string, token: string): Promise<string | null> {
  const response = await fetch(`${origin}/api/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const body = (await response.json()) as { token?: string };
  return body.token ?? null;
}
