import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { comesTrue, sleep, until } from '#testkit/wait.ts';
import { ask } from '../../harness/ask.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import { CALM } from '../../harness/fault-stage.ts';

const AT_ONCE = 20;
/** Ms that a viewer may be behind without hints: a relay polls the head of the log every second. */
const BEHIND_MS = 4_000;

/** Drops every hint of the live channel. Two viewers per session: one comes late, one loses its connection. */
export async function loseHints({
  openStage,
  rounds,
  quick,
  random,
  count,
  time,
  within,
  violate,
}: RowContext): Promise<void> {
  const stage = await openStage({ relays: 3, hints: 'lost', settings: CALM });
  try {
    const { direct, relays, model } = stage;
    await inParallel(quick ? 10 : Math.ceil(rounds / 5), AT_ONCE, async (index) => {
      const credentials = await direct.mint();
      // They do not reconnect on silence, and so depend on the relay's polls.
      const watch = (): Viewer => watchSession({ origin: random.pick(relays).origin, credentials, silenceMs: 60_000 });
      const early = watch();
      const turn = await ask({ ...stage, client: direct }, credentials, `Unheard ${index}`, {
        tokens: random.between(5, 60),
        tokensPerSecond: 100,
      });
      await sleep(random.between(0, 400));
      const late = watch();
      if (random.chance(0.5)) early.drop();
      await until('the model has written all', () => model.callsFor(turn.prompt).at(-1)?.finished, { everyMs: 5 });
      const writtenAt = performance.now();
      const viewers = [early, late];
      const ended = (): boolean => viewers.every((viewer) => viewer.hasEnded(turn.accepted));
      const isSeen = await comesTrue(ended, { timeoutMs: within(BEHIND_MS), everyMs: 5 });
      if (isSeen) time('from the last token to the end seen, hints lost', performance.now() - writtenAt);
      else violate(`a viewer was left behind: ${viewers.map(({ cursor }) => cursor).join(', ')}`);
      await Promise.all(viewers.map((viewer) => viewer.leave()));
      const { body: state } = await direct.state(credentials);
      violate(...checkSession({ viewers, turns: [turn], state, model }).violations);
      count('replies without a hint');
    });
  } finally {
    await stage.close();
  }
}
