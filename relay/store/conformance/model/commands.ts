import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatCursor, START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type { AppendInput, StepRecord, Takeover } from '../../session-store.ts';
import { claimInput, LEASE_MS, MAX_TRANSCRIPT_BYTES, submitInput, TTL_MS } from '../store-harness.ts';
import * as is from './session-model.ts';
import { currentFence, follow, verify, verifyRead, type Actor, type Trial, type TrialSession } from './trial.ts';

type Command = fc.AsyncCommand<Trial, object>;

/** A command does the same to the store and to the model, compares the two answers, and then all that can be seen. */
function command<Choice extends { session: number }>(
  name: string,
  choices: { [Key in keyof Omit<Choice, 'session'>]: fc.Arbitrary<Choice[Key]> },
  run: (trial: Trial, session: TrialSession, choice: Choice) => Promise<void>,
): fc.Arbitrary<Command> {
  const record = fc.record({ session: fc.nat({ max: 1 }), ...choices }) as unknown as fc.Arbitrary<Choice>;
  return record.map((choice) => ({
    check: () => true,
    async run(trial) {
      const session = pick(trial.sessions, choice.session);
      is.age(session.model, trial.world);
      await run(trial, session, choice);
      await verify(trial);
    },
    toString: () => `${name}(${fc.stringify(choice)})`,
  }));
}

const actor = fc.nat({ max: 2 });
const offset = fc.oneof({ arbitrary: fc.constant(0), weight: 4 }, { arbitrary: fc.integer({ min: -3, max: 2 }), weight: 1 });
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
    again: fc.boolean(),
    which: index,
    hash: fc.constantFrom('a', 'a', 'a', 'b'),
    expect: fc.constantFrom('not given', 'not given', 'head', 'other'),
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
      random: choice.random,
      entries: Array.from({ length: choice.count }, (_, part) => text(runId, { part })),
      dryRun: choice.dryRun,
      ...(choice.expect === 'not given' ? {} : { expect: expected }),
    });
    session.submits.push(input);
    const answer = await trial.harness.store.submit(session.id, input);
    await raising(trial, session, input.random, (fence) =>
      assert.deepEqual(answer, is.submit(session.model, trial.world, input, fence)),
    );
  },
);

const claim = command<{
  session: number;
  actor: number;
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
    const who = pick(session.actors, choice.actor);
    const { open } = session.model;
    const takeover: Takeover = choice.takeover.startsWith('continue')
      ? { kind: 'continue', head: choice.takeover === 'continue' && open ? is.headOf(open) : '77-7' }
      : { kind: choice.takeover === 'fail' ? 'fail' : 'restart' };
    const input = choice.again && who.claim ? who.claim : claimInput({ random: choice.random, takeover });
    who.claim = input;
    const answer = await trial.harness.store.claim(session.id, input);
    await raising(trial, session, input.random, (fence) => {
      const told = answer.kind === 'owned' ? { kind: 'owned' } : answer;
      assert.deepEqual(told, is.claim(session.model, trial.world, input, fence));
    });
    if (answer.kind === 'lease') Object.assign(who, { fence: answer.lease.fence, next: answer.lease.next });
  },
);

const append = command<{ session: number; actor: number; offset: number; count: number; step: StepRecord | undefined }>(
  'append',
  {
    actor,
    offset,
    count: fc.nat({ max: 3 }),
    step: fc.option(
      fc.record(
        { name: fc.constantFrom('one', 'two', '__proto__'), result: fc.json({ maxDepth: 1 }), turns: fc.nat({ max: 3 }) },
        { requiredKeys: ['name', 'result'] },
      ),
      { nil: undefined, freq: 2 },
    ),
  },
  async (trial, session, choice) => {
    const who = pick(session.actors, choice.actor);
    const input = entriesOf(session, who, choice.offset, choice.count);
    await write(trial, session, who, 'append', choice.step ? { ...input, step: choice.step } : input);
  },
);

const finish = command<{ session: number; actor: number; offset: number; count: number }>(
  'finish',
  { actor, offset, count: fc.nat({ max: 2 }) },
  async (trial, session, choice) => {
    const who = pick(session.actors, choice.actor);
    const input = entriesOf(session, who, choice.offset, choice.count);
    const runId = session.model.open?.run?.runId ?? 'none';
    const terminal = text(runId, { type: 'metadata', status: 'completed' });
    await write(trial, session, who, 'finish', { ...input, entries: [...input.entries, terminal] });
  },
);

const resend = command<{ session: number; actor: number }>('resend', { actor }, async (trial, session, choice) => {
  const who = pick(session.actors, choice.actor);
  if (who.last) await write(trial, session, who, who.last.kind, who.last.input);
});

const renew = command<{ session: number; actor: number }>('renew', { actor }, async (trial, session, choice) => {
  const input = { fence: pick(session.actors, choice.actor).fence, leaseMs: LEASE_MS };
  const answer = await trial.harness.store.renew(session.id, input);
  assert.deepEqual(answer, is.renew(session.model, trial.world, input));
});

const release = command<{ session: number; actor: number; as: 'hand-over' | 'retry'; delayMs: number }>(
  'release',
  { actor, as: fc.constantFrom('hand-over', 'hand-over', 'retry'), delayMs: fc.constantFrom(0, 0, 40_000) },
  async (trial, session, choice) => {
    const { as, delayMs } = choice;
    const input = { fence: pick(session.actors, choice.actor).fence, as, delayMs };
    const answer = await trial.harness.store.release(session.id, input);
    assert.deepEqual(answer, is.release(session.model, trial.world, input));
  },
);

const cancel = command<{ session: number; again: boolean; which: number; run: 'any' | 'active' | 'other'; random: number }>(
  'cancel',
  { again: fc.boolean(), which: index, run: fc.constantFrom('any', 'active', 'other'), random },
  async (trial, session, choice) => {
    const old = choice.again ? session.cancelTokens[choice.which % session.cancelTokens.length] : undefined;
    const token = old ?? newId();
    session.cancelTokens.push(token);
    const runId = choice.run === 'any' ? undefined : choice.run === 'active' ? session.model.open?.run?.runId : 'other';
    const input = { token, random: choice.random, ...(runId === undefined ? {} : { runId }) };
    const answer = await trial.harness.store.cancel(session.id, input);
    await raising(trial, session, input.random, (fence) =>
      assert.deepEqual(answer, is.cancel(session.model, trial.world, input, fence)),
    );
  },
);

const seal = command<{ session: number; from: number | null; to: number | null; trim: number | null; big: boolean }>(
  'seal',
  {
    from: fc.option(index, { freq: 5 }),
    to: fc.option(index, { freq: 2 }),
    trim: fc.option(index, { freq: 1 }),
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
);

const read = command<{ session: number; after: number | null; limit: number }>(
  'read',
  { after: fc.option(index, { freq: 5 }), limit: fc.integer({ min: 1, max: 4 }) },
  async (trial, session, { after, limit }) => {
    await verifyRead(trial, session, after === null ? undefined : cursorOf(session, after), limit);
  },
);

const advance = command<{ session: number; ms: number }>(
  'advance',
  { ms: fc.constantFrom(30_000, LEASE_MS + 1_000, LEASE_MS + 1_000, TTL_MS / 2, TTL_MS + 1_000, TTL_MS * 3 + 1_000) },
  async (trial, _session, { ms }) => {
    await trial.harness.advance(ms);
    trial.world.now += ms;
  },
);

const erase = command<{ session: number }>('delete', {}, async (trial, session) => {
  await trial.harness.store.delete(session.id);
  is.erase(session.model, trial.world);
});

/** All of them, those that carry a run forward more often. */
export const commands: fc.Arbitrary<Command>[] = [
  submit,
  submit,
  claim,
  claim,
  append,
  append,
  append,
  finish,
  resend,
  renew,
  release,
  cancel,
  seal,
  read,
  advance,
  command<{ session: number }>('follow', {}, follow),
  erase,
];

/** Sends an append or a finish, of whoever once had the right to, and remembers it for `resend`. */
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

/** Tells the model which fence the store has now; if it was raised, it was raised by enough. */
async function raising(trial: Trial, session: TrialSession, bits: number, apply: (fence: number) => void): Promise<void> {
  const before = session.model.open?.log.at(-1)?.fence;
  const fence = await currentFence(trial, session);
  apply(fence);
  if (before === undefined || fence === before) return;
  assert.ok(fence >= before + 1 + bits, 'the fence is raised by at least one and the random bits');
}

function entriesOf(session: TrialSession, who: Actor, off: number, count: number): AppendInput {
  const runId = session.model.open?.run?.runId ?? 'none';
  const seq = Math.max(0, who.next + off);
  return { fence: who.fence, seq, entries: Array.from({ length: count }, (_, part) => text(runId, { seq: seq + part })) };
}

/** A message that a writer wrote, and not the store. */
function text(runId: string, fields: Record<string, unknown>): string {
  return JSON.stringify({ type: 'chunk', runId, written: newId(), ...fields });
}

/** One of the cursors that were ever seen, or the place after one of them. */
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
