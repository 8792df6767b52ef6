import net from 'node:net';
import { checkSession } from '#testkit/judge/check-session.ts';
import { lastStamp } from '#testkit/model/tokens.ts';
import type { Credentials } from '#testkit/client/protocol-client.ts';
import { watchSession, type Received, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { askHeldMb } from '../harness/ask-held-mb.ts';
import { ask, type Turn } from '../harness/ask.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';

const MEMORY_MB = 100;
/**
 * Nearly the longest reply there may be: the operating system buffers 4 MB of it for a stalled reader, and only the
 * rest is left to the relay.
 */
const REPLY = { style: 'stamped', tokens: 990, tokenLength: 8_000 } as const;
/** No reader is dropped for being slow alone, so that the bound on bytes is what limits the relay's memory. */
const BLOCKED_MS = 3_600_000;
const PACE = { full: 20, quick: 330 };
const SESSIONS = { full: 30, quick: 2 };
/** Replies at the pace of a model, to measure latency. */
const USUAL = { style: 'stamped', tokens: 400, tokensPerSecond: 50, tokenLength: 24 } as const;
/** Measurements with and without stalled readers, in turns; the best of each counts. */
const TURNS = 4;
/** Ms by which two runs of the same load may differ on a busy machine. */
const UNCHANGED = { factor: 1.5, ms: 20 };

export const slowViewers: FaultRow = {
  name: 'G15',
  promise: 'a slow viewer harms nobody: relay memory +100 MB at most, p99 of the others unchanged',
  fault:
    'readers that connect and never read, of replies of 7.9 MB that others follow, and of one such finished reply beside usual ones; rounds are readers',
  rounds: { full: 200, quick: 16 },
  async run(context) {
    await boundsMemory(context);
    // A small run has too few tokens to compare latencies.
    if (!context.quick) await leavesOthersAlone(context);
    context.count('readers that never read', context.rounds);
  },
};

async function boundsMemory(context: RowContext): Promise<void> {
  const { rounds, quick, atMost, violate } = context;
  const beside = await measureHeld(context, rounds);
  // The few readers of a small run only have to be dropped.
  if (quick) return;
  const alone = await measureHeld(context, 0);
  atMost('MB held without them', Math.round(alone));
  atMost('MB held beside them', Math.round(beside));
  if (beside - alone > MEMORY_MB) violate(`${rounds} stalled readers cost ${(beside - alone).toFixed(0)} MB`);
}

/** The MB that the relay holds after a garbage collection when all replies were written. */
async function measureHeld({ openStage, quick, count, violate }: RowContext, readers: number): Promise<number> {
  const stage = await openStage({ probe: true, ...(quick ? {} : { blockedMs: BLOCKED_MS }) });
  const stalled: StalledReader[] = [];
  try {
    const { direct, relay, model } = stage;
    const sessions = quick ? SESSIONS.quick : SESSIONS.full;
    const talks = await Promise.all(
      Array.from({ length: sessions }, async (_, session) => {
        const plan = { ...REPLY, tokensPerSecond: quick ? PACE.quick : PACE.full };
        const talk = await beginTalk(stage, `Long ${session}`, plan);
        for (let reader = session; reader < readers; reader += sessions)
          stalled.push(await stall(relay.port, talk.credentials));
        return talk;
      }),
    );
    await until('all replies have ended', () => talks.every(({ viewer, turn }) => viewer.hasEnded(turn.accepted)), {
      timeoutMs: 300_000,
    });
    const heldMb = await askHeldMb(relay);
    for (const reader of stalled) {
      const end = await reader.readOn();
      if (end === 'kept') violate('a reader that had not taken a byte was kept to the end');
      else count(end === 'bye' ? 'stalled readers told that they are slow' : 'stalled readers cut off');
    }
    for (const { credentials, viewer, turn } of talks) {
      await viewer.leave();
      const { body: state } = await direct.state(credentials);
      violate(...checkSession({ viewers: [viewer], turns: [turn], state, model }).violations);
    }
    return heldMb;
  } finally {
    for (const reader of stalled) reader.leave();
    await stage.close();
  }
}

async function leavesOthersAlone({ rounds, openStage, time, violate }: RowContext): Promise<void> {
  const stage = await openStage();
  try {
    const old = await beginTalk(stage, 'Of old', { ...REPLY, tokensPerSecond: 1_000 });
    await until('the long reply has ended', () => old.viewer.hasEnded(old.turn.accepted), { timeoutMs: 60_000 });
    await old.viewer.leave();
    const best = { alone: Number.POSITIVE_INFINITY, beside: Number.POSITIVE_INFINITY };
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const how of ['alone', 'beside'] as const) {
        const readers = how === 'alone' ? 0 : rounds;
        const stalled = await Promise.all(
          Array.from({ length: readers }, () => stall(stage.relay.port, old.credentials)),
        );
        // The operating system's buffers are full, and the relay waits for the readers.
        await sleep(1_500);
        const latencies = await measureLatencies(stage, `${how} ${turn}`);
        for (const reader of stalled) reader.leave();
        best[how] = Math.min(best[how], p99(latencies));
        for (const ms of latencies)
          time(how === 'alone' ? 'token to viewer, no stalled readers' : 'token to viewer, beside stalled readers', ms);
      }
    }
    if (best.beside > best.alone * UNCHANGED.factor + UNCHANGED.ms) {
      violate(`p99 is ${best.beside.toFixed(0)} ms beside them, and ${best.alone.toFixed(0)} without`);
    }
  } finally {
    await stage.close();
  }
}

async function measureLatencies(stage: FaultStage, name: string): Promise<number[]> {
  const all = Array.from({ length: 20 }, async (_, session) => {
    const { viewer, turn } = await beginTalk(stage, `Usual ${name} ${session}`, USUAL);
    await until('the reply has ended', () => viewer.hasEnded(turn.accepted), { timeoutMs: 60_000 });
    await viewer.leave();
    return readLatencies(viewer.received);
  });
  return (await Promise.all(all)).flat();
}

async function beginTalk(
  stage: FaultStage,
  prompt: string,
  plan: Parameters<typeof ask>[3],
): Promise<{ credentials: Credentials; viewer: Viewer; turn: Turn }> {
  const credentials = await stage.direct.mint();
  const viewer = watchSession({ origin: stage.relay.origin, credentials });
  return { credentials, viewer, turn: await ask({ ...stage, client: stage.direct }, credentials, prompt, plan) };
}

interface StalledReader {
  /** Reads at last, and says how the response ends: with a `bye`, cut, or still open after the whole reply. */
  readOn(): Promise<'bye' | 'cut' | 'kept'>;
  leave(): void;
}

/** Opens a stream and reads nothing of it. */
async function stall(port: number, { sessionId, token }: Credentials): Promise<StalledReader> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.pause();
  // Being cut off is expected.
  socket.on('error', () => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(
    `GET /api/check-stream?sessionId=${sessionId} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer ${token}\r\n\r\n`,
  );
  return {
    async readOn() {
      let end = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        end = (end + text).slice(-400);
      });
      socket.resume();
      const isOver = (): boolean => socket.destroyed || socket.readableEnded;
      await until('the line has ended, or brought all', () => isOver() || end.includes('"status":"completed"'));
      if (end.includes('"reason":"slow-consumer"')) return 'bye';
      return isOver() ? 'cut' : 'kept';
    },
    leave: () => socket.destroy(),
  };
}

/** For each frame with text, the ms between the model writing its last token and the viewer receiving it. */
function readLatencies(received: readonly Received[]): number[] {
  return received.flatMap(({ frame, seenAt }) => {
    const chunk = frame.message['chunk'] as { delta?: string } | undefined;
    const stamp = lastStamp(chunk?.delta ?? '');
    return stamp === null ? [] : [seenAt - stamp];
  });
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}
