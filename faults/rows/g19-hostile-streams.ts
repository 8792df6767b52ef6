import { sleep, until } from '#testkit/wait.ts';
import { askHeldMb } from '../harness/ask-held-mb.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import { HOSTILE_KINDS, openHostileModel } from '../harness/hostile-model.ts';

/** What the relay may hold more than before, garbage apart, in MB. */
const MEMORY_MB = 150;
/** The longest that others may wait for an answer, in ms: a stretch of 50 ms, and the answer's own way. */
const WAIT_MS = 250;
const PROBE_MS = 20;
/** Answers at a time. */
const AT_ONCE = { full: 4, quick: 2 };

export const hostileStreams: FaultRow = {
  name: 'G19',
  promise: 'nothing a model writes harms its conversation or its neighbours',
  fault:
    'answers of every kind that no model should write: deep values, endless inputs, texts, calls and parts, ids that grow; a round is an answer',
  rounds: { full: 200, quick: Object.keys(HOSTILE_KINDS).length },
  async run(context) {
    const { rounds, quick, atMost, time, violate } = context;
    const model = await openHostileModel();
    const stage = await context.openStage({ probe: true, settings: { MODEL_BASE_URL: model.baseUrl } });
    const watch = new AbortController();
    try {
      const beforeMb = await askHeldMb(stage.relay);
      const waits = probe(stage, watch.signal);
      await inParallel(rounds, quick ? AT_ONCE.quick : AT_ONCE.full, (round) => suffer(context, stage, round));
      watch.abort();
      const waitedMs = (await waits).toSorted((a, b) => a - b);
      for (const ms of waitedMs) time('another request', ms);
      const p99 = waitedMs[Math.floor(waitedMs.length * 0.99)] ?? 0;
      if (p99 > context.within(WAIT_MS)) violate(`others waited ${p99.toFixed(0)} ms (p99)`);
      const grownMb = (await askHeldMb(stage.relay)) - beforeMb;
      atMost('MB that the relay grew by', Math.max(0, Math.round(grownMb)));
      if (grownMb > MEMORY_MB) violate(`the relay grew by ${grownMb.toFixed(0)} MB`);
    } finally {
      watch.abort();
      await stage.close();
      await model.close();
    }
  },
};

/** Asks for one hostile answer, and then for an honest one in the same conversation. */
async function suffer({ random, count, violate }: RowContext, { direct }: FaultStage, round: number): Promise<void> {
  const kinds = Object.keys(HOSTILE_KINDS);
  const kind = kinds[round % kinds.length] ?? '';
  const credentials = await direct.mint();
  const ended = async (prompt: string): Promise<string> => {
    const { status } = await direct.post(credentials, { prompt });
    if (status !== 202) return `refused with ${status}`;
    return until(`“${prompt}” has ended`, async () => {
      const { status, body } = await direct.state(credentials);
      if (status !== 200) return `unreadable: ${status}`;
      return body.run === null && (body.messages.at(-1)?.metadata?.run?.status ?? 'without a status');
    });
  };
  const hostile = await ended(`${kind} ${random.between(50, 200)}`);
  count(`answers that ended ${hostile}`);
  if (hostile !== 'completed' && hostile !== 'failed') violate(`${kind}: the conversation is ${hostile}`);
  const next = await ended('Still there?');
  if (next !== 'completed') violate(`${kind}: the next prompt is ${next}`);
}

/** How long another request waits, over and over, in ms. */
async function probe({ relay }: FaultStage, signal: AbortSignal): Promise<number[]> {
  const waits: number[] = [];
  while (!signal.aborted) {
    const askedAt = performance.now();
    const response = await fetch(`${relay.origin}/healthz`);
    await response.arrayBuffer();
    waits.push(performance.now() - askedAt);
    await sleep(PROBE_MS);
  }
  return waits;
}
