import { isDeepStrictEqual } from 'node:util';
import { checkResume, type Resume } from '#testkit/judge/check-resume.ts';
import { checkSession } from '#testkit/judge/check-session.ts';
import { createTranscript, readMessages } from '#testkit/client/transcript.ts';
import { resumeOnce, watchSession } from '#testkit/client/viewer.ts';
import { compareCursors, isTerminal } from '#testkit/client/wire.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask, type Turn } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import { CALM } from '../../harness/fault-stage.ts';

const SESSIONS = 4;
/** Frames of about two runs. */
const NEWEST = 20;

/**
 * Short runs, each sealed and trimmed soon, while viewers come without a cursor or with any earlier one. Each gets
 * exactly what follows its cursor, or a snapshot and what follows that, up to the end of the active run.
 */
export async function joinAndReturn(context: RowContext): Promise<void> {
  const { openStage, rounds, quick, random, count, violate } = context;
  const stage = await openStage({ settings: CALM });
  try {
    const { direct, relay, model } = stage;
    const runs = quick ? 8 : Math.min(40, Math.ceil(rounds / 20));
    await inParallel(SESSIONS, SESSIONS, async (session) => {
      const dice = random.fork();
      const credentials = await direct.mint();
      const { origin } = relay;
      const viewer = watchSession({ origin, credentials });
      const turns: Turn[] = [];
      const resumes: Resume[] = [];
      let over = false;
      const join = async (): Promise<void> => {
        while (!over) {
          await sleep(dice.between(1, 15));
          const seen = viewer.received;
          // Any cursor, or one of the newest: those lie in a run that has just ended while the next one is active.
          const oldest = dice.chance(0.5) ? 0 : Math.max(0, seen.length - NEWEST);
          const after = dice.chance(0.4)
            ? undefined
            : seen[dice.between(oldest, Math.max(0, seen.length - 1))]?.frame.id;
          const newest = turns.at(-1);
          if (!newest) continue;
          const known = latest(viewer.cursor, newest.accepted.cursor);
          const frames = await resumeOnce({ origin, credentials, ...(after === undefined ? {} : { after }) });
          resumes.push({ after, known, frames });
          count(after === undefined ? 'joined without a cursor' : 'returned with any cursor');
          if (frames[0]?.message.type === 'snapshot') count('of them given a snapshot');
        }
      };
      const joining = Promise.all(Array.from({ length: 3 }, join));
      // Awaited below; until then a rejection is not unhandled.
      joining.catch(() => undefined);
      for (let run = 0; run < runs; run += 1) {
        const prompt = `Session ${session}, run ${run}`;
        const turn = await ask({ ...stage, client: direct }, credentials, prompt, {
          tokens: dice.between(1, 8),
          tokensPerSecond: 500,
        });
        turns.push(turn);
        await until('the reply has ended', () => viewer.hasEnded(turn.accepted), { everyMs: 2 });
      }
      over = true;
      await joining;
      await viewer.leave();
      const { body: state } = await direct.state(credentials);
      violate(...checkSession({ viewers: [viewer], turns, state, model }).violations);
      const terminals = viewer.received.flatMap(({ frame }) => (isTerminal(frame) ? [frame.id] : []));
      for (const resume of resumes) violate(...checkResume(resume, terminals));
      await checkEveryCursor();

      async function checkEveryCursor(): Promise<void> {
        const whole = readMessages(state.messages);
        const seen = viewer.received.map(({ frame }) => frame);
        for (const [index, frame] of seen.entries()) {
          if (quick && !dice.chance(0.2)) continue;
          const frames = await resumeOnce({ origin, credentials, after: frame.id });
          violate(...checkResume({ after: frame.id, known: viewer.cursor, frames }, terminals));
          const transcript = createTranscript();
          for (const next of [...seen.slice(0, index + 1), ...frames]) transcript.apply(next);
          if (!isDeepStrictEqual(transcript.messages(), whole))
            violate(`a resume after ${frame.id} ends with another conversation`);
          count('cursors resumed at the end');
        }
      }
    });
  } finally {
    await stage.close();
  }
}

function latest(left: string, right: string): string {
  return compareCursors(left, right) < 0 ? right : left;
}
