import { findChat, lastAnswer } from './chat.ts';
import { entriesAfter, type Inspector } from './inspector.ts';
import { plural, type LogRecord, type Moment } from './log/log-record.ts';
import { createTrials, type Trial } from './trials.ts';
import type { Network } from './network.ts';
import type { RelayControls } from './relay-controls.ts';

/** A prompt whose answer is long enough to break something in the middle of it. */
const PROMPT = 'Tell me in 1,200 words why no answer is lost';
/** The key under which the time of a reload is stored, so that the page can measure it afterwards. */
const RELOADED_AT = 'demo-reloaded-at';

interface GuideParts {
  record: LogRecord;
  inspector: Inspector;
  network: Network;
  relay: RelayControls;
}

/** Reacts to what happens with the log. */
export interface Guide {
  moment(moment: Moment): void;
  /** The store was inspected again. */
  looked(): void;
}

/** Starts the steps to try: each button breaks something, and the text beside it says what came of it, as measured. */
export function startGuide(root: HTMLElement, { record, inspector, network, relay }: GuideParts): Guide {
  const trials = createTrials(root, record);
  const levers: Record<string, (button: HTMLButtonElement) => void | Promise<void>> = {
    ask,
    cut: switchNetwork,
    kill,
    late: writeLate,
    reload,
    tab: openTab,
    stop,
  };
  let asked: Trial | null = null;
  let cut: Trial | null = null;
  let killed: Trial | null = null;
  let stopped: Trial | null = null;
  let restoredAt: number | null = null;
  const reloadedAt = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
  sessionStorage.removeItem(RELOADED_AT);
  let reloaded = reloadedAt > 0 ? trials.begin('reload') : null;

  root.addEventListener('click', (event) => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLButtonElement>('button[data-lever]') : null;
    const pull = levers[button?.dataset['lever'] ?? ''];
    if (!button || !pull) return;
    Promise.resolve(pull(button)).catch((error: unknown) => {
      trials.begin(button.dataset['lever'] ?? '').say('The relay cannot be reached just now. Try again in a second.');
      reportError(error);
    });
  });

  const isWriting = (): boolean => inspector.latest?.run != null || findChat()?.status === 'streaming';

  async function ask(): Promise<void> {
    const chat = findChat();
    if (!chat) return;
    if (isWriting()) return trials.begin('ask').say('An answer is being written already: go on with the next step.');
    asked = trials.begin('ask');
    asked.say('Asked. The relay first writes the prompt into the log.');
    chat.show();
    await chat.send(PROMPT);
    await inspector.look();
  }

  function switchNetwork(button: HTMLButtonElement): void {
    if (network.isCut) {
      restoredAt = performance.now();
      network.restore();
    } else {
      restoredAt = null;
      cut = trials.begin('cut');
      if (record.isOpen) record.expectBreak('cut');
      network.cut();
      cut.say(`Offline at ${cut.place()}. The relay goes on writing; look at the log's head.`);
    }
    button.setAttribute('aria-pressed', String(network.isCut));
    button.textContent = network.isCut ? 'Restore the network' : 'Cut the network';
  }

  async function kill(button: HTMLButtonElement): Promise<void> {
    const trial = trials.begin('kill');
    const wasWriting = isWriting();
    button.disabled = true;
    try {
      if (record.isOpen) record.expectBreak('kill');
      if (!(await relay.kill())) return trial.say('This relay cannot be killed from here: that takes npm start.');
      killed = trial;
      trial.say(`Killed at ${trial.place()} (kill -9), in the middle of whatever it did.`);
      const afterMs = await relay.awaitReturn();
      if (afterMs === null) trial.say('The relay has not come back. Is npm start still running?');
      else if (!wasWriting) trial.say(`Nothing was being written; a new relay was there after ${seconds(afterMs)}.`);
      if (!wasWriting) killed = null;
    } finally {
      button.disabled = false;
    }
  }

  async function writeLate(): Promise<void> {
    const trial = trials.begin('late');
    await inspector.look();
    const { sessionId } = record;
    const before = inspector.latest;
    // The last writer that may not write any more; a fence that only accepted a prompt is shut as well.
    const shut = record.lanes.all.filter(({ fence }) => before !== null && fence < before.fence);
    const writer = shut.findLast(({ opening }) => opening === 'started' || opening === 'restarted') ?? shut.at(-1);
    if (!sessionId || !writer) return trial.say('Nobody has been shut out yet: ask something, then kill the relay.');
    const tried = await relay.writeLate(sessionId, writer.fence);
    await inspector.look();
    if (!tried) return trial.say('This relay does not play: that takes npm start.');
    const grown = inspector.latest?.log.find(({ fence }) => fence === writer.fence)?.last ?? -1;
    const effect = grown >= tried.seq ? 'The log has grown!' : 'Not a letter of it is in the log.';
    trial.conclude(
      `Entry ${writer.number}-${tried.seq}, sent as the old writer: the store answered “${tried.answer}”. ${effect}`,
    );
    record.remark({
      tone: 'raised',
      text: `A late write as ${writer.number}-${tried.seq} was refused: ${tried.answer}.`,
    });
  }

  function reload(): void {
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    location.reload();
  }

  function openTab(): void {
    window.open(location.href, '_blank');
    trials
      .begin('reload')
      .say('The other tab reads the same log with a cursor of its own. The model is not asked twice.');
  }

  async function stop(): Promise<void> {
    const credentials = findChat()?.session;
    const trial = trials.begin('stop');
    if (!credentials) return trial.say('There is no conversation yet: ask something first.');
    stopped = trial;
    if (await relay.stop(credentials)) return;
    stopped = null;
    trial.say('No answer is being written just now.');
  }

  /** Compares the widget's text with the relay's, letter by letter, and adds the outcome to each trial. */
  async function compare(ended: Trial[]): Promise<void> {
    const credentials = findChat()?.session;
    const theirs = credentials ? await relay.readMessages(credentials) : null;
    const [here, there] = [lastAnswer(findChat()?.messages ?? []), theirs && lastAnswer(theirs)];
    if (here === null || there === null) return;
    const verdict =
      here === there
        ? `In the end ${plural(here.length, 'character')}, the same here and in the relay, letter by letter.`
        : `In the end ${here.length} characters here and ${there.length} in the relay: they differ!`;
    for (const trial of ended) trial.add(verdict);
  }

  return {
    moment(moment) {
      if (moment.kind === 'text' && asked && !asked.isSaid) {
        asked.conclude(`The first words came ${seconds(moment.at - asked.startedAt)} after you asked.`);
      } else if (moment.kind === 'broke') {
        killed?.moveTo(moment.cursor);
        cut?.moveTo(moment.cursor);
      } else if (moment.kind === 'took-over' && killed) {
        // The page runs on the relay's own machine, so that both have one clock.
        const takenAfterMs = (moment.claimedAt ?? Date.now()) - killed.pulledAt;
        killed.conclude(
          `Killed at ${killed.place()}; taken over in ${seconds(takenAfterMs)} under fence ${moment.to.number}, attempt ` +
            `${moment.attempt}; read here after ${seconds(moment.at - killed.startedAt)}; ${killed.tally()}.`,
        );
      } else if (moment.kind === 'caught-up') {
        if (cut && restoredAt !== null) {
          const came = `${plural(moment.entries, 'entry', 'entries')} in ${plural(moment.frames, 'frame')}`;
          cut.conclude(
            `Offline at ${cut.place()} for ${seconds(restoredAt - cut.startedAt)}. Went on right after it: ${came}, ` +
              `${seconds(moment.at - restoredAt)} after the line was back; ${cut.tally()}.`,
          );
          restoredAt = null;
        }
        reloaded?.conclude(
          `Reloaded: all was back ${seconds(Date.now() - reloadedAt)} later, ` +
            `${plural(record.counts.entries, 'entry', 'entries')} in ${plural(record.counts.frames, 'frame')}; ${reloaded.tally()}.`,
        );
        reloaded = null;
      } else if (moment.kind === 'ended') {
        stopped?.conclude(
          `Stopped ${seconds(moment.at - stopped.startedAt)} after you asked, by a request that was not the widget's. ` +
            `${record.lanes.shorten(moment.cursor)} is the last word.`,
        );
        const ended = [asked, cut, killed].filter((trial) => trial !== null);
        asked = cut = killed = stopped = null;
        // The widget draws a frame later, and the relay may still be on its way back.
        setTimeout(() => void compare(ended).catch(reportError), 300);
      }
    },
    looked() {
      if (!network.isCut || !cut || !inspector.latest) return;
      const behind = entriesAfter(inspector.latest, record.cursor);
      if (behind > 0)
        cut.say(`Offline at ${cut.place()}. Meanwhile the relay wrote ${plural(behind, 'entry', 'entries')} more.`);
    },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
