import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { formatCursor, START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type { AppendInput, StepRecord, Takeover } from '../../../session-store.ts';
import { claimInput, LEASE_MS, MAX_TRANSCRIPT_BYTES, submitInput, TTL_MS } from '../store-harness.ts';
import * as is from './session-model.ts';
import {
  createSession,
  currentFence,
  follow,
  verify,
  verifyRead,
  type Actor,
  type Trial,
  type TrialSession,
} from './trial.ts';

type Command = fc.AsyncCommand<Trial, object>;
type Who = 'newest' | 0 | 1 | 2;

/** A command that asks the store and the model the same, compares their answers, and then everything that can be observed. */
function command<Choice extends { session: number }>(
  name: string,
  choices: { [Key in keyof Omit<Choice, 'session'>]: fc.Arbitrary<Choice[Key]> },
  run: (trial: Trial, session: TrialSession, choice: Choice) => Promise<void>,
  check: (session: TrialSession) => boolean = () => true,
): fc.Arbitrary<Command> {
  const record = fc.record({ session: fc.constantFrom(0, 0, 0, 1), ...choices }) as unknown as fc.Arbitrary<Choice>;
  return record.map((choice) => ({
    check: (trial) => check(pick(trial.sessions, choice.session)),
    async run(trial) {
      const session = pick(trial.sessions, choice.session);
      is.age(session.model, trial.world);
      await run(trial, session, choice);
      await verify(trial);
    },
    toString: () => `${name}(${fc.stringify(choice)})`,
  }));
}

/** Mostly the actor that claimed last, so that runs make progress; else any actor, those with lost leases included. */
const actor = fc.constantFrom<Who>('newest', 'newest', 'newest', 0, 1, 2);
const offset = fc.constantFrom(0, 0, 0, 0, -3, -2, -1, 1, 2);
const random = fc.constantFrom(0, 1, 1_048_575);
const index = fc.nat({ max: 1_000 });

const submit = command<{
  session: number;
  again: boolean;
  which: number;
  hash: string;
  expect: 'not given' | 'head' | 'other';
  dryRun: boolean;
  count: number;
  random: number;
}>(
  'submit',
  {
    again: fc.constantFrom(false, false, false, true),
    which: index,
    hash: fc.constantFrom('a', 'a', 'a', 'b'),
    expect: fc.constantFrom('not given', 'not given', 'head', 'head', 'other'),
    dryRun: fc.constantFrom(false, false, false, true),
    count: fc.integer({ min: 1, max: 3 }),
    random,
  },
  async (trial, session, choice) => {
    const old = choice.again ? session.submits[choice.which % session.submits.length] : undefined;
    const runId = newId();
    const { open } = session.model;
    const expected = choice.expect === 'head' ? (open ? is.headOf(open) : START) : '77-7';
    const input = submitInput({
      runId,
      ...(old ? { messageId: old.messageId } : {}),
      hash: choice.hash,
      entries: Array.from({ length: choice.count }, (_, part) => text(runId, { part })),
      dryRun: choice.dryRun,
      ...(choice.expect === 'not given' ? {} : { expect: expected }),
    });
    session.submits.push(input);
    trial.dice.bits = choice.random;
    const answer = await trial.harness.store.submit(session.id, input);
    await raising(trial, session, choice.random, (fence) =>
      assert.deepEqual(answer, is.submit(session.model, trial.world, input, fence)),
    );
  },
);

const claim = command<{
  session: number;
  actor: Who;
  again: boolean;
  takeover: 'restart' | 'continue' | 'continue late' | 'fail';
  random: number;
}>(
  'claim',
  {
    actor,
    again: fc.constantFrom(false, false, true),
    takeover: fc.constantFrom('restart', 'restart', 'continue', 'continue late', 'fail'),
    random,
  },
  async (trial, session, choice) => {
    const who = actorOf(session, choice.actor);
    const { open } = session.model;
    const takeover: Takeover = choice.takeover.startsWith('continue')
      ? { kind: 'continue', head: choice.takeover === 'continue' && open ? is.headOf(open) : '77-7' }
      : { kind: choice.takeover === 'fail' ? 'fail' : 'restart' };
    const input = choice.again && who.claim ? who.claim : claimInput({ takeover });
    who.claim = input;
    trial.dice.bits = choice.random;
    const answer = await trial.harness.store.claim(session.id, input);
    await raising(trial, session, choice.random, (fence) => {
      const told = answer.kind === 'owned' ? { kind: 'owned' } : answer;
      assert.deepEqual(told, is.claim(session.model, trial.world, input, fence));
    });
    if (answer.kind === 'lease') Object.assign(who, { fence: answer.lease.fence, next: answer.lease.next });
  },
  wasPrompted,
);

const append = command<{ session: number; actor: Who; offset: number; count: number; step: StepRecord | undefined }>(
  'append',
  {
    actor,
    offset,
    count: fc.nat({ max: 3 }),
    step: fc.option(
      fc.record(
        {
          name: fc.constantFrom('one', 'two', '__proto__'),
          result: fc.json({ maxDepth: 1 }),
          turns: fc.nat({ max: 3 }),
        },
        { requiredKeys: ['name', 'result'] },
      ),
      { nil: undefined, freq: 2 },
    ),
  },
  async (trial, session, choice) => {
    const who = actorOf(session, choice.actor);
    const input = entriesOf(session, who, choice.offset, choice.count);
    await write(trial, session, who, 'append', choice.step ? { ...input, step: choice.step } : input);
  },
  wasPrompted,
);

const finish = command<{ session: number; actor: Who; offset: number; count: number }>(
  'finish',
  { actor, offset, count: fc.nat({ max: 2 }) },
  async (trial, session, choice) => {
    const who = actorOf(session, choice.actor);
    const input = entriesOf(session, who, choice.offset, choice.count);
    const runId = session.model.open?.run?.runId ?? 'none';
    const terminal = text(runId, { type: 'metadata', status: 'completed' });
    await write(trial, session, who, 'finish', { ...input, entries: [...input.entries, terminal] });
  },
  wasPrompted,
);

const resend = command<{ session: number; actor: Who }>(
  'resend',
  { actor },
  async (trial, session, choice) => {
    const who = actorOf(session, choice.actor);
    if (who.last) await write(trial, session, who, who.last.kind, who.last.input);
  },
  wasPrompted,
);

const renew = command<{ session: number; actor: Who }>(
  'renew',
  { actor },
  async (trial, session, choice) => {
    const input = { fence: actorOf(session, choice.actor).fence, leaseMs: LEASE_MS };
    const answer = await trial.harness.store.renew(session.id, input);
    assert.deepEqual(answer, is.renew(session.model, trial.world, input));
  },
  wasPrompted,
);

const release = command<{ session: number; actor: Who; as: 'hand-over' | 'retry'; delayMs: number }>(
  'release',
  { actor, as: fc.constantFrom('hand-over', 'hand-over', 'retry'), delayMs: fc.constantFrom(0, 0, 40_000) },
  async (trial, session, choice) => {
    const { as, delayMs } = choice;
    const input = { fence: actorOf(session, choice.actor).fence, as, delayMs };
    const answer = await trial.harness.store.release(session.id, input);
    assert.deepEqual(answer, is.release(session.model, trial.world, input));
  },
  wasPrompted,
);

const cancel = command<{
  session: number;
  again: boolean;
  which: number;
  run: 'any' | 'active' | 'other';
  random: number;
}>(
  'cancel',
  { again: fc.boolean(), which: index, run: fc.constantFrom('any', 'active', 'other'), random },
  async (trial, session, choice) => {
    const old = choice.again ? session.cancelTokens[choice.which % session.cancelTokens.length] : undefined;
    const token = old ?? newId();
    session.cancelTokens.push(token);
    const runId = choice.run === 'any' ? undefined : choice.run === 'active' ? session.model.open?.run?.runId : 'other';
    const input = { token, ...(runId === undefined ? {} : { runId }) };
    trial.dice.bits = choice.random;
    const answer = await trial.harness.store.cancel(session.id, input);
    await raising(trial, session, choice.random, (fence) =>
      assert.deepEqual(answer, is.cancel(session.model, trial.world, input, fence)),
    );
  },
  wasPrompted,
);

const seal = command<{ session: number; from: number | null; to: number | null; trim: number | null; big: boolean }>(
  'seal',
  {
    from: fc.constantFrom(null, null, null, null, 3, 8, 15),
    to: fc.constantFrom(null, null, 3, 8, 15, 40),
    trim: fc.constantFrom(null, 2, 5, 9, 14, 41, 100),
    big: fc.constantFrom(false, false, false, false, true),
  },
  async (trial, session, choice) => {
    const { open } = session.model;
    const end = open?.run ? open.run.before : open ? is.headOf(open) : START;
    const input = {
      from: choice.from === null ? (open?.sealed.to ?? START) : cursorOf(session, choice.from),
      to: choice.to === null ? end : cursorOf(session, choice.to),
      trimTo: choice.trim === null ? START : cursorOf(session, choice.trim),
      transcript: JSON.stringify([newId(), 'x'.repeat(choice.big ? MAX_TRANSCRIPT_BYTES : 0)]),
    };
    const answer = await trial.harness.store.seal(session.id, input);
    assert.equal(answer, is.seal(session.model, trial.world, input));
  },
  wasPrompted,
);

const rate = command<{ session: number; which: number; known: boolean; feedback: string | null }>(
  'rate',
  {
    which: index,
    known: fc.constantFrom(true, true, true, false),
    feedback: fc.constantFrom('{"rating":"up"}', '"other"', null),
  },
  async (trial, session, { which, known, feedback }) => {
    const messageId = known ? pick(session.submits, which % session.submits.length).runId : 'stranger';
    const answer = await trial.harness.store.rate(session.id, { messageId, feedback });
    assert.equal(answer, is.rate(session.model, trial.world, { messageId, feedback }));
  },
  wasPrompted,
);

const revoke = command<{ session: number }>('revoke', {}, async (trial, session) => {
  const answer = await trial.harness.store.revoke(session.id);
  assert.equal(answer, is.revoke(session.model, trial.world));
});

const read = command<{ session: number; after: number | null; limit: number }>(
  'read',
  { after: fc.option(index, { freq: 5 }), limit: fc.integer({ min: 1, max: 4 }) },
  async (trial, session, { after, limit }) => {
    await verifyRead(trial, session, after === null ? undefined : cursorOf(session, after), limit);
  },
);

const advance = command<{ session: number; ms: number }>(
  'advance',
  {
    ms: fc.oneof(
      { arbitrary: fc.constantFrom(30_000, LEASE_MS + 1_000, LEASE_MS + 1_000, TTL_MS / 2), weight: 9 },
      { arbitrary: fc.constantFrom(TTL_MS + 1_000, TTL_MS * 3 + 1_000), weight: 1 },
    ),
  },
  async (trial, _session, { ms }) => {
    await trial.harness.advance(ms);
    trial.world.now += ms;
  },
);

const erase = command<{ session: number }>('delete', {}, async (trial, session) => {
  await trial.harness.store.delete(session.id);
  is.erase(session.model, trial.world);
});

const leaveGone = command<{ session: number }>(
  'another session in its place',
  {},
  async (trial, session) => {
    session.follower?.leave();
    trial.sessions[trial.sessions.indexOf(session)] = createSession();
  },
  ({ model }) => model.tombstoneUntil !== null,
);

/** How often each command comes: mostly those that carry a run forward. */
const WEIGHTS: [number, fc.Arbitrary<Command>][] = [
  [8, submit],
  [8, claim],
  [12, append],
  [5, finish],
  [4, resend],
  [2, renew],
  [3, release],
  [2, cancel],
  [4, seal],
  [2, rate],
  [1, revoke],
  [4, read],
  [6, advance],
  [2, command<{ session: number }>('follow', {}, follow)],
  [1, erase],
  [5, leaveGone],
];

/** `fc.commands` draws evenly, so frequent commands are listed several times. */
export const commands: fc.Arbitrary<Command>[] = WEIGHTS.flatMap(([weight, arbitrary]) =>
  Array(weight).fill(arbitrary),
);

/** Otherwise half of the commands would find no session; the examples cover that. */
function wasPrompted({ submits }: Readonly<TrialSession>): boolean {
  return submits.length > 0;
}

/** Sends an append or a finish of an actor that once held a lease, and remembers it for `resend`. */
async function write(
  trial: Trial,
  session: TrialSession,
  who: Actor,
  kind: 'append' | 'finish',
  input: AppendInput,
): Promise<void> {
  who.last = { kind, input };
  const answer = await trial.harness.store[kind](session.id, input);
  const expected = kind === 'append' ? is.append(session.model, input) : is.finish(session.model, trial.world, input);
  assert.deepEqual(answer, expected);
  if ('next' in answer) who.next = answer.next;
}

/** Tells the model the store's fence after an operation, and checks that it was raised by enough if it was raised. */
async function raising(
  trial: Trial,
  session: TrialSession,
  bits: number,
  apply: (fence: number) => void,
): Promise<void> {
  const before = session.model.open?.log.at(-1)?.fence;
  const fence = await currentFence(trial, session);
  apply(fence);
  if (before === undefined || fence === before) return;
  assert.ok(fence >= before + 1 + bits, 'the fence is raised by at least one and the random bits');
}

function actorOf({ actors }: TrialSession, who: Who): Actor {
  if (who !== 'newest') return pick(actors, who);
  return actors.reduce((newest, actor) => (actor.fence > newest.fence ? actor : newest));
}

function entriesOf(session: TrialSession, who: Actor, off: number, count: number): AppendInput {
  const runId = session.model.open?.run?.runId ?? 'none';
  const seq = Math.max(0, who.next + off);
  return {
    fence: who.fence,
    seq,
    entries: Array.from({ length: count }, (_, part) => text(runId, { seq: seq + part })),
  };
}

/** JSON text of a message that a writer wrote, as opposed to the store. */
function text(runId: string, fields: Record<string, unknown>): string {
  return JSON.stringify({ type: 'chunk', runId, written: newId(), ...fields });
}

/** One of the cursors seen so far, or the position after one of them. */
function cursorOf({ cursors }: TrialSession, which: number): Cursor {
  const all = [...cursors];
  const cursor = pick(all, Math.floor(which / 2) % all.length);
  const [fence = 0, seq = 0] = cursor.split('-').map(Number);
  return which % 5 === 0 ? formatCursor(fence, seq + 1) : cursor;
}

function pick<Item>(items: readonly Item[], at: number): Item {
  const item = items[at];
  assert.ok(item !== undefined);
  return item;
}
