import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import type { FaultStage } from '../../harness/fault-stage.ts';
import { openSharedPlace, type SharedPlace } from '../../harness/store-under-test.ts';

const SESSIONS = 12;
/** One reply in so many is asked for at another relay than the frozen one. */
const ELSEWHERE = 3;
/** The lease of testkit/processes/relay-process.ts. */
const LEASE_MS = 1_000;
/** Frozen writers of this process per frozen relay: a relay takes seconds. */
const FREEZES = { share: 0.1, quick: 2 };
/** Tokens written before the relay is frozen; its successors write the rest. */
const TOKENS = { before: 20, all: 160 };
/** Characters of some dozen tokens. */
const ALONE_MS = 300;

/**
 * Three relays. One is stopped past its leases (SIGSTOP) while the others take over, and continued while they write or
 * after that; or its connection to Redis delivers its writes only after its leases have run out.
 */
export async function freezeRelays(context: RowContext): Promise<void> {
  const place = await openSharedPlace(context.store);
  // Without hints only the store's answers stop a writer that has a successor.
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
    // Long enough for another relay to find the lease run out; a connection that is delayed for longer counts as dead.
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
    // A relay that accepts a prompt takes all due runs: ask the one to be frozen for most.
    const isElsewhere = session % ELSEWHERE === 0;
    if (!isElsewhere) await until('the others have theirs', () => begun >= SESSIONS / ELSEWHERE);
    const client = stage.clientOf(isElsewhere ? (others[0] ?? frozen) : frozen);
    const turn = await ask({ model, client }, credentials, `Freeze ${round}.${session}`, plan);
    await until('the reply has begun', () => viewers.every(({ received }) => received.length > 3));
    begun += 1;
    // Some continue at once, some only after the takeover, some when the frozen relay wakes.
    const goesOn = dice.pick(['at once', 'when taken over', 'when thawed']);
    await until('the relay is frozen', () => isFrozen);
    const isTakenOver = (): boolean =>
      viewers.some(({ received }) => received.some(({ frame }) => frame.message['status'] === 'restarted'));
    if (goesOn !== 'at once') await until('it may go on', () => isThawed || isTakenOver());
    if (goesOn === 'when thawed') {
      // The woken relay writes alone and reaches its successor's next number, so that only its fence is wrong.
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
