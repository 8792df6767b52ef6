import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import type { Credentials } from '#testkit/client/protocol-client.ts';
import { isNetworkError } from '#testkit/network/is-network-error.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask, type Turn } from '../harness/ask.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import { openSharedPlace, type SharedPlace } from '../harness/store-under-test.ts';

const SESSIONS = 9;
/** An outage shorter than this costs no run an attempt. */
const LEASE_MS = 20_000;
/** How long a relay retries before it answers 503. */
const ANSWERED_WITHIN_MS = 6_000;
/** How long after the outage began every relay knows of it. */
const KNOWN_AFTER_MS = 3_000;
const ENDED_WITHIN_MS = 90_000;
/** Stages side by side, each with a server of its own. */
const LANES = 3;

type Outage = (place: SharedPlace, ms: number) => Promise<() => Promise<void>>;

/** Kinds of outages. Each begins one, and returns how to end it. */
const OUTAGES: Readonly<Record<string, Outage>> = {
  'Redis killed': async ({ server }) => {
    await server.kill();
    return () => server.restart();
  },
  // oxlint-disable-next-line require-await
  'Redis stopped': async ({ server }) => {
    server.signal('SIGSTOP');
    // oxlint-disable-next-line require-await
    return async () => server.signal('SIGCONT');
  },
  'CLIENT PAUSE': async ({ server }, ms) => {
    await server.admin.call('CLIENT', 'PAUSE', String(ms), 'ALL');
    // A paused server does not execute CLIENT UNPAUSE either: the pause ends by itself.
    return async () => void (await server.admin.ping());
  },
  // oxlint-disable-next-line require-await
  'all lines a black hole': async ({ links }) => {
    for (const link of links) link.blackHole();
    // oxlint-disable-next-line require-await
    return async () => links.forEach((link) => link.restore());
  },
  // oxlint-disable-next-line require-await
  'all lines half-open': async ({ links }) => {
    for (const link of links) link.blackHole('down');
    // oxlint-disable-next-line require-await
    return async () => links.forEach((link) => link.restore());
  },
  // oxlint-disable-next-line require-await
  'no way to Redis': async ({ links }) => {
    for (const link of links) link.goDown();
    // oxlint-disable-next-line require-await
    return async () => links.forEach((link) => link.restore());
  },
};
const KINDS = Object.keys(OUTAGES);

interface Talk {
  credentials: Credentials;
  viewer: Viewer;
  turn: Turn;
}

export const storeDown: FaultRow = {
  name: 'G10',
  promise: 'when the store is down, nothing is acknowledged falsely and no viewer is lost',
  fault:
    'Redis away for 1, 10 and 60 s: killed, stopped, paused, black-holed, half-open, unreachable; a round is an outage',
  only: ['redis', 'upstash'],
  rounds: { full: 60, quick: 2 },
  async run(context) {
    // Outages of a minute mostly wait, and run beside the others.
    const lanes = context.quick ? 1 : LANES;
    await inParallel(Math.min(lanes, context.rounds), lanes, async (lane) => {
      const place = await openSharedPlace(context.store);
      const stage = await context.openStage({
        place,
        relays: 3,
        settings: { LEASE_MS: String(LEASE_MS), LOG_LEVEL: 'error' },
      });
      try {
        for (let round = lane; round < context.rounds; round += lanes) await goWithout(context, stage, place, round);
      } finally {
        await stage.close();
      }
    });
  },
};

/** Every kind seven times for 1 s, twice for 10 s and once for 60 s. */
function secondsOf(round: number, quick: boolean): number {
  if (quick) return round % 2 === 0 ? 1 : 7;
  const time = Math.floor(round / KINDS.length) % 10;
  if (time === 4) return 60;
  return time === 2 || time === 7 ? 10 : 1;
}

async function goWithout(context: RowContext, stage: FaultStage, place: SharedPlace, round: number): Promise<void> {
  const { random, quick, count, violate } = context;
  const seconds = secondsOf(round, quick);
  const kind = KINDS[round % KINDS.length] ?? '';
  const { relays, model } = stage;
  const relayOf = (index: number): (typeof relays)[number] => relays[index % relays.length] ?? stage.relay;
  // A slow model for an outage of a minute: some replies end during the outage, others long after.
  const tokensPerSecond = seconds > 10 ? 20 : 100;
  const talks: Talk[] = await Promise.all(
    Array.from({ length: SESSIONS }, async (_, index) => {
      const client = stage.clientOf(relayOf(index));
      const credentials = await client.mint();
      // More patient than the outage is long: the relay has to keep the connection.
      const viewer = watchSession({ origin: relayOf(index + 1).origin, credentials, silenceMs: 120_000 });
      const tokens = Math.round((1.5 + (index % 2 === 0 ? 0.4 : 1.2) * seconds) * tokensPerSecond);
      const turn = await ask({ model, client }, credentials, `Away ${round}.${index}`, { tokens, tokensPerSecond });
      await until('the reply has begun', () => viewer.received.length > 3);
      return { credentials, viewer, turn };
    }),
  );
  await sleep(random.between(0, 300));
  const idle = await Promise.all(
    relays.map(async (relay) => ({ relay, credentials: await stage.clientOf(relay).mint() })),
  );
  const comeBack = await (OUTAGES[kind] ?? OUTAGES['Redis killed'])?.(place, seconds * 1_000);
  const goneAt = performance.now();
  const asking =
    seconds <= ANSWERED_WITHIN_MS / 1_000
      ? []
      : idle.map(({ relay, credentials }) =>
          askInVain(context, relay.origin, credentials, () => performance.now() - goneAt, seconds),
        );
  await sleep(seconds * 1_000);
  await Promise.all(asking);
  await comeBack?.();
  count(`${kind} for ${seconds} s`);
  // Calls that are made again answer fast: the outage is over.
  for (const { turn } of talks) model.plan(turn.prompt, { tokens: 40, tokensPerSecond: 1_000 });
  for (const { credentials, viewer, turn } of talks) {
    await until(`the reply to ${turn.prompt} has ended`, () => viewer.hasEnded(turn.accepted), {
      timeoutMs: ENDED_WITHIN_MS,
    });
    await viewer.leave();
    const { body: state } = await stage.direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [viewer], turns: [turn], state, model });
    violate(...violations);
    if (completed !== 1) violate(`${turn.prompt} was not answered`);
    if (viewer.connections !== 1)
      violate(`a viewer was sent away, and reconnected ${viewer.connections - 1} times (${kind} for ${seconds} s)`);
    const attempt = state.messages.at(-1)?.metadata?.run?.attempt ?? 1;
    if (attempt > 1) count('replies begun anew');
    if (attempt > 1 && seconds * 1_000 < LEASE_MS / 2 + 1)
      violate(`an outage of ${seconds} s cost an attempt (${kind})`);
    count('replies through an outage');
  }
}

/**
 * Sends prompts during an outage: each gets 503 with Retry-After, or no answer, and is then answered or was never
 * accepted.
 */
async function askInVain(
  { count, time, within, violate }: RowContext,
  origin: string,
  { sessionId, token }: Credentials,
  awayMs: () => number,
  seconds: number,
): Promise<void> {
  while (awayMs() < seconds * 1_000 - ANSWERED_WITHIN_MS) {
    const knows = awayMs() > KNOWN_AFTER_MS;
    const askedAt = performance.now();
    try {
      const response = await fetch(`${origin}/api/llm-stream`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ sessionId, messageId: randomUUID(), prompt: 'Is anybody there?' }),
        signal: AbortSignal.timeout(within(ANSWERED_WITHIN_MS)),
      });
      await response.arrayBuffer();
      // The outage may have ended by itself.
      if (awayMs() >= seconds * 1_000) break;
      if (response.status !== 503) violate(`a prompt without a store was answered ${response.status}`);
      if (!/^\d+$/.test(response.headers.get('retry-after') ?? '')) violate('a 503 has no Retry-After');
      count('prompts refused with 503');
      time('to the refusal', performance.now() - askedAt);
    } catch (error) {
      if (!isNetworkError(error)) throw error;
      violate(`a prompt without a store got no answer within ${ANSWERED_WITHIN_MS} ms${knows ? '' : ', as the first'}`);
    }
    await sleep(500);
  }
}
