import net from 'node:net';
import { checkSession } from '../../e2e/support/check-session.ts';
import { lastStamp } from '../../e2e/support/model-server.ts';
import type { Credentials } from '../../e2e/support/protocol-client.ts';
import type { RelayProcess } from '../../e2e/support/relay-process.ts';
import { watchSession, type Received } from '../../e2e/support/viewer.ts';
import { until } from '../../e2e/support/wait.ts';
import { ask } from '../harness/ask.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';

const MEMORY_MB = 100;
/**
 * As long as a reply may be, nearly: the operating system takes 4 MB of it for a reader that has stalled, and only what
 * comes after those is left to the relay.
 */
const REPLY = { style: 'stamped', tokens: 990, tokenLength: 8_000 } as const;
/** All is written before the readers have been blocked for so long that they are let go for that alone. */
const PACE = { full: 37, quick: 330 };
const SESSIONS = { full: 30, quick: 2 };
/** Two runs of the same load differ by so much on a machine that does other things too. */
const UNCHANGED = { factor: 1.5, ms: 50 };

interface Figures {
  latencies: number[];
  /** What the relay held when everything was written, garbage apart. */
  heldMb: number;
}

export const slowViewers: FaultRow = {
  name: 'G15',
  promise: 'a slow viewer harms nobody: relay memory +100 MB at most, p99 of the others unchanged',
  fault: 'readers that connect and never read, beside viewers of the same replies of 7.9 MB each; rounds are readers',
  rounds: { full: 200, quick: 16 },
  async run(context) {
    const { rounds, quick, count, violate, atMost } = context;
    const before = await measure(context, 0);
    const stalled = await measure(context, rounds);
    // Without them once more, so that a machine that was busy for a while is not taken for the readers.
    const after = quick ? before : await measure(context, 0);
    const added = stalled.heldMb - Math.min(before.heldMb, after.heldMb);
    atMost('MB held without them', Math.round(Math.min(before.heldMb, after.heldMb)));
    atMost('MB held beside them', Math.round(stalled.heldMb));
    if (added > MEMORY_MB) violate(`${rounds} stalled readers cost ${added.toFixed(0)} MB`);
    const [usual, found] = [Math.max(p99(before.latencies), p99(after.latencies)), p99(stalled.latencies)];
    for (const ms of [...before.latencies, ...after.latencies]) context.time('token to viewer, no stalled readers', ms);
    for (const ms of stalled.latencies) context.time('token to viewer, beside stalled readers', ms);
    // A small run has too few tokens, and too short a time, to tell.
    if (!quick && found > usual * UNCHANGED.factor + UNCHANGED.ms) violate(`p99 is ${found.toFixed(0)} ms beside them, and ${usual.toFixed(0)} without`);
    count('readers that never read', rounds);
  },
};

async function measure({ openStage, quick, count, violate }: RowContext, readers: number): Promise<Figures> {
  const stage = await openStage({ probe: true });
  const stalled: StalledReader[] = [];
  try {
    const { direct, relay, model } = stage;
    const sessions = quick ? SESSIONS.quick : SESSIONS.full;
    const talks = await Promise.all(
      Array.from({ length: sessions }, async (_, session) => {
        const credentials = await direct.mint();
        const viewer = watchSession({ origin: relay.origin, credentials });
        const plan = { ...REPLY, tokensPerSecond: quick ? PACE.quick : PACE.full };
        const turn = await ask({ ...stage, client: direct }, credentials, `Slow ${readers}.${session}`, plan);
        for (let reader = session; reader < readers; reader += sessions) stalled.push(await stall(relay.port, credentials));
        return { credentials, viewer, turn };
      }),
    );
    await until('all replies have ended', () => talks.every(({ viewer, turn }) => viewer.hasEnded(turn.accepted)), { timeoutMs: 120_000 });
    const heldMb = await askHeldMb(relay);
    for (const reader of stalled) {
      const end = await reader.readOn();
      if (end === 'kept') violate('a reader that had not taken a byte was kept to the end');
      else count(end === 'bye' ? 'stalled readers told that they are slow' : 'stalled readers cut off');
    }
    const latencies: number[] = [];
    for (const { credentials, viewer, turn } of talks) {
      await viewer.leave();
      const { body: state } = await direct.state(credentials);
      violate(...checkSession({ viewers: [viewer], turns: [turn], state, model }).violations);
      latencies.push(...readLatencies(viewer.received));
    }
    return { latencies, heldMb };
  } finally {
    for (const reader of stalled) reader.leave();
    await stage.close();
  }
}

interface StalledReader {
  /** Reads at last, and says how the line ends: it was told why, it was cut, or it got all and is still open. */
  readOn(): Promise<'bye' | 'cut' | 'kept'>;
  leave(): void;
}

/** Asks for the stream, and takes not a byte of it. */
async function stall(port: number, { sessionId, token }: Credentials): Promise<StalledReader> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.pause();
  // Being cut off is what it is there for.
  socket.on('error', () => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(`GET /api/check-stream?sessionId=${sessionId} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer ${token}\r\n\r\n`);
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

/** The broken relay's harness answers this signal with what it holds, after its garbage was collected. */
async function askHeldMb(relay: RelayProcess): Promise<number> {
  relay.signal('SIGUSR2');
  const [, bytes] = await until('the relay says what it holds', () => /held (\d+)/.exec(relay.output()));
  return Number(bytes) / 1024 / 1024;
}

/** For each frame with text: from when the model wrote its last token to when it was seen. */
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
