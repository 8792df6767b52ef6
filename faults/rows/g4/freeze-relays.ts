import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import type { FaultStage } from '../../harness/fault-stage.ts';
import { openSharedPlace, type SharedPlace } from '../../harness/store-under-test.ts';

const SESSIONS = 12;
/** One in so many is asked for at another relay than the one that is frozen. */
const ELSEWHERE = 3;
/** As testkit/processes/relay-process.ts sets it. */
const LEASE_MS = 1_000;
/** Each takes seconds: so many for each writer that are frozen in this process. */
const FREEZES = { share: 0.1, quick: 2 };
/** The tokens that are written before the relay is frozen; then those who took over write the rest. */
const TOKENS = { before: 20, all: 160 };
/** Some dozen tokens. */
const ALONE_MS = 300;

/**
 * Three relays, of which one is stopped past its leases (SIGSTOP) while the others take over, and continued while they
 * write, or once they have; or whose line to Redis delivers what it wrote only after its leases have run out.
 */
export async function freezeRelays(context: RowContext): Promise<void> {
  const place = await openSharedPlace(context.store);
  // Nobody tells a writer that it has a successor: only what the store answers stops it.
  const stage = await context.openStage({ place, relays: 3, hints: 'lost' });
  try {
    const rounds = context.quick ? FREEZES.quick : Math.ceil(context.rounds * FREEZES.share);
    for (let round = 0; round < rounds; round += 1) await freezeOnce(context, stage, place, round);
    if (context.counted('replies taken over from a living relay') === 0)
      context.violate('nothing was taken over from a living relay');
  } finally {
    await stage.close();
  }
}

async function freezeOnce(context: RowContext, stage: FaultStage, place: SharedPlace, round: number): Promise<void> {
  const { random, count, violate } = context;
  const { relays, model } = stage;
  const index = random.between(0, relays.length - 1);
  const frozen = relays[index] ?? stage.relay;
  const others = relays.filter((relay) => relay !== frozen);
  const origin = (others[0] ?? stage.relay).origin;
  const direct = stage.clientOf(others[0] ?? stage.relay);
  const dice = random.fork();
  let begun = 0;
  let isFrozen = false;
  let isThawed = false;
  const freezing = until('all replies have begun', () => begun === SESSIONS).then(async () => {
    await sleep(random.between(0, 100));
    const byLine = round % 3 === 0;
    // Long enough for another to look and find the lease run out; a line that is held up for longer counts as dead.
    const ms = byLine ? random.between(1.5 * LEASE_MS, 1.8 * LEASE_MS) : random.between(1.8 * LEASE_MS, 3 * LEASE_MS);
    if (byLine) place.links[index]?.delay(ms);
    else frozen.signal('SIGSTOP');
    isFrozen = true;
    await sleep(ms);
    if (byLine) place.links[index]?.restore();
    else frozen.signal('SIGCONT');
    isThawed = true;
    count(byLine ? 'lines that delivered late' : 'relays frozen');
  });
  const talking = inParallel(SESSIONS, SESSIONS, async (session) => {
    const credentials = await direct.mint();
    const viewers = others.map((relay) => watchSession({ origin: relay.origin, credentials }));
    const plan = { tokens: TOKENS.all, tokensPerSecond: 200, allowed: TOKENS.before };
    // The relay that accepts a prompt takes every due run; the frozen relay must hold its own.
    const isElsewhere = session % ELSEWHERE === 0;
    if (!isElsewhere) await until('the others have theirs', () => begun >= SESSIONS / ELSEWHERE);
    const client = stage.clientOf(isElsewhere ? (others[0] ?? frozen) : frozen);
    const turn = await ask({ model, client }, credentials, `Freeze ${round}.${session}`, plan);
    await until('the reply has begun', () => viewers.every(({ received }) => received.length > 3));
    begun += 1;
    // Some go on at once, some only with whoever has taken over, some with whoever wakes.
    const goesOn = dice.pick(['at once', 'when taken over', 'when thawed']);
    await until('the relay is frozen', () => isFrozen);
    const isTakenOver = (): boolean =>
      viewers.some(({ received }) => received.some(({ frame }) => frame.message['status'] === 'restarted'));
    if (goesOn !== 'at once') await until('it may go on', () => isThawed || isTakenOver());
    if (goesOn === 'when thawed') {
      // The woken writer continues at the seq its successor writes next, so only its fence is wrong.
      model.allow(turn.prompt, TOKENS.before + dice.between(2, 8));
      await until('the relay is awake', () => isThawed);
      const [first] = model.callsFor(turn.prompt);
      if (first) first.allowed = Number.POSITIVE_INFINITY;
      await sleep(ALONE_MS);
    }
    model.allow(turn.prompt, Number.POSITIVE_INFINITY);
    await until('the reply has ended', () => viewers.every((viewer) => viewer.hasEnded(turn.accepted)), {
      timeoutMs: 30_000,
    });
    await until('the relay is awake', () => isThawed);
    // Late writes have arrived by now.
    await sleep(200);
    const late = watchSession({ origin, credentials });
    await until('the reply is read', () => late.hasEnded(turn.accepted));
    for (const viewer of [...viewers, late]) await viewer.leave();
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers: [...viewers, late], turns: [turn], state, model });
    violate(...violations);
    if (completed !== 1) violate(`${turn.prompt} was not answered`);
    if (isTakenOver()) count('replies taken over from a living relay');
    else count('replies that went on');
  });
  await Promise.all([freezing, talking]);
}
