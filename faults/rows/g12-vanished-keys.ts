import { createKeys } from '#relay/store/redis/keys.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until, WaitTimeoutError } from '#testkit/wait.ts';
import { ask, isGone, passGone } from '../harness/ask.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import { openSharedPlace, type SharedPlace } from '../harness/store-under-test.ts';

const AT_ONCE = 12;
/** Ms until a vanished key is reported: a lease of 1 s is renewed three times in it, and the report has to arrive. */
const SAID_WITHIN_MS = 3_000;
/** Ms in which a run may still end as if nothing had happened. */
const CROSSED_MS = 150;
/** How often a key that does not exist yet is looked for. */
const THERE_WITHIN_MS = 500;
const PARTS = ['state', 'log', 'tail', 'transcript', 'ids', 'steps', 'feedback', 'due'] as const;
/** Keys without which the conversation is lost. */
const FATAL: ReadonlySet<string> = new Set(['state', 'transcript', 'ids']);

export const vanishedKeys: FaultRow = {
  name: 'G12',
  promise:
    'a vanished key is noticed and reported as `stream-lost`, never by silence; a run that is no longer listed as due is listed again',
  fault: "DEL of each of a session's keys, and of the set of due runs, at any point of a run; a round is a DEL",
  only: ['redis', 'upstash'],
  rounds: { full: 800, quick: 16 },
  async run(context) {
    const place = await openSharedPlace(context.store);
    const stage = await context.openStage({ place, relays: 3, settings: { LOG_LEVEL: 'silent' } });
    try {
      await inParallel(context.rounds, AT_ONCE, (round) => deleteOne(context, stage, place, round));
      for (const part of PARTS)
        if (context.counted(`vanished: ${part}`) === 0 && part !== 'feedback')
          context.violate(`no ${part} was deleted`);
    } finally {
      await stage.close();
    }
  },
};

async function deleteOne(
  context: RowContext,
  stage: FaultStage,
  { server }: SharedPlace,
  round: number,
): Promise<void> {
  const { random, count, time, within, violate } = context;
  const { relays, model } = stage;
  const client = stage.clientOf(random.pick(relays));
  const credentials = await client.mint();
  const viewers = relays
    .slice(0, 2)
    .map((relay) => watchSession({ origin: relay.origin, credentials, silenceMs: 60_000 }));
  // A run that has ended, so that there is a transcript.
  const first = await ask({ model, client }, credentials, `Before ${round}`, { tokens: 3, tokensPerSecond: 1_000 });
  await until('the first reply has ended', () => viewers.every((viewer) => viewer.hasEnded(first.accepted)));
  // Long enough that the run is active, and its open page there, however late a busy machine comes to the DEL.
  const turn = await ask({ model, client }, credentials, `Vanishing ${round}`, { tokens: 300, tokensPerSecond: 100 });
  await until('the reply has begun', () =>
    viewers.every(({ received }) => received.some(({ frame }) => frame.message.runId === turn.runId)),
  );
  await sleep(random.between(0, 1_000));
  const part = PARTS[round % PARTS.length] ?? 'state';
  const key =
    createKeys('rc')
      .ofSession(credentials.sessionId)
      .find((name) => name.endsWith(`:${part}`)) ?? '';
  // Some keys exist only at times, such as the open page of the log, and no reply is rated, so that there is no
  // feedback.
  const patience = performance.now() + (part === 'feedback' ? 0 : THERE_WITHIN_MS);
  let deletedAt: number;
  let vanished: number;
  do {
    deletedAt = performance.now();
    vanished = part === 'due' ? await server.admin.zrem(key, credentials.sessionId) : await server.admin.del(key);
  } while (vanished === 0 && performance.now() < patience);
  if (vanished > 0) count(`vanished: ${part}`);
  else count(`not there to delete: ${part}`);
  const ends = await Promise.all(viewers.map((viewer) => endOf(viewer, turn.runId, random.chance(0.5))));
  for (const [index, { kind, at, text }] of ends.entries()) {
    const ms = at - deletedAt;
    if (kind === 'silence') violate(`${part} vanished, and viewer ${index} heard nothing of it`);
    else if (vanished === 0 || part === 'due') {
      if (kind !== 'completed') violate(`${part} was not needed, and the run ended as ${kind} ${text}`);
    } else if (kind === 'completed' && ms > within(CROSSED_MS))
      violate(`${part} vanished, and ${ms.toFixed(0)} ms later the run was completed`);
    else if (kind === 'failed' && text !== 'stream-lost') violate(`${part} vanished, and the run failed as ${text}`);
    else if (kind !== 'completed') {
      time('from the DEL to the word of it', ms);
      if (ms > within(SAID_WITHIN_MS)) violate(`that ${part} vanished was said after ${ms.toFixed(0)} ms`);
    }
  }
  if (vanished > 0 && FATAL.has(part)) {
    const { status } = await client.state(credentials);
    if (status !== 410) violate(`${part} vanished, and the conversation is answered ${status}`);
    count('conversations gone, and said to be');
  } else await goOn(context, stage, credentials, round);
  await Promise.all(viewers.map((viewer) => viewer.leave().catch(passGone)));
}

/** A reply in a snapshot. */
interface ShownMessage {
  id: string;
  metadata: { run: { status: End['kind']; problem?: { code: string } } };
}

interface End {
  kind: 'completed' | 'failed' | 'gone' | 'silence';
  at: number;
  /** The problem's code. */
  text: string;
}

/** The last that a viewer hears of a run; a viewer whose connection dropped hears it when it is back. */
async function endOf(viewer: Viewer, runId: string, drops: boolean): Promise<End> {
  if (drops) viewer.drop();
  let text = '';
  const found = (): End | null => {
    const own = viewer.received.filter(({ frame }) => frame.message.runId === runId);
    const error = own.find(({ frame }) => frame.message.type === 'error')?.frame.message['problem'] as
      | { code?: string }
      | undefined;
    text = error?.code ?? '';
    const last = own.find(({ frame }) => ['completed', 'failed'].includes(String(frame.message['status'])));
    if (last) return { kind: last.frame.message['status'] as End['kind'], at: last.seenAt, text };
    const snapshot = viewer.received.findLast(({ frame }) => frame.message.type === 'snapshot');
    const reply = (snapshot?.frame.message['messages'] as ShownMessage[] | undefined)?.find(({ id }) => id === runId);
    if (snapshot && reply)
      return { kind: reply.metadata.run.status, at: snapshot.seenAt, text: reply.metadata.run.problem?.code ?? '' };
    // A viewer that is refused with 410 has ended with an error.
    try {
      viewer.hasEnded({ runId, messageId: '' });
    } catch (error) {
      if (isGone(error)) return { kind: 'gone', at: performance.now(), text };
      throw error;
    }
    return null;
  };
  try {
    return await until('the viewer has heard the end', found, { timeoutMs: 30_000, everyMs: 5 });
  } catch (error) {
    if (error instanceof WaitTimeoutError) return { kind: 'silence', at: performance.now(), text };
    throw error;
  }
}

/** Sends the next prompt to what is left of the conversation. */
async function goOn(
  { count, violate }: RowContext,
  stage: FaultStage,
  credentials: Parameters<typeof ask>[1],
  round: number,
): Promise<void> {
  const viewer = watchSession({ origin: stage.relay.origin, credentials });
  const turn = await ask({ ...stage, client: stage.direct }, credentials, `After ${round}`, {
    tokens: 3,
    tokensPerSecond: 1_000,
  });
  await until('the next reply has ended', () => viewer.hasEnded(turn.accepted));
  await viewer.leave();
  const { body } = await stage.direct.state(credentials);
  const last = body.messages.at(-1)?.metadata?.run;
  if (last?.status !== 'completed')
    violate(`after a key had vanished the next prompt ended as ${last?.status ?? 'nothing'}`);
  count('conversations that went on');
}
