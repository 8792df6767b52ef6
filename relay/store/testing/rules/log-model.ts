import type { Model, Take } from './explore.ts';
import { createHistories, judge, startsWith, type Entry, type History } from './histories.ts';
import {
  DROPPED,
  encode,
  NO_WRITER,
  publish,
  setLine,
  setWriter,
  spend,
  type Line,
  type LogState,
  type Pair,
  type Store,
  type Writer,
} from './log-state.ts';
import { hear, isOutOfDate, readAnswer } from './viewer-rules.ts';
import { nextFence } from './fence-rules.ts';
import { AS_BUILT, type Fault, type LogBounds, type LogRules } from './log-rules.ts';

/** Attempts before a run ends as failed. */
const MAX_ATTEMPTS = 2;
/** A failover loses the last one or two writes. */
const LOST_WRITES = 2;

/** The store's answer to a write; a number is the seq from which entries are missing. */
type Answer = 'ok' | 'refused' | number;

const ACTORS = [0, 1] as const;

/** The model of one session's log, its writers and viewers. */
export function createLogModel(changes: Partial<LogRules>, bounds: LogBounds): Model<LogState> {
  const rules: LogRules = { ...AS_BUILT, ...changes };
  const histories = createHistories(bounds.chunks);
  const can = (fault: Fault): boolean => bounds.kinds.includes(fault);
  const line: Line = { phase: 'live', shown: histories.empty, hints: [], asked: null, isBehind: false };
  const absent: Line = { ...line, phase: 'off' };

  return {
    initial: {
      store: { log: histories.empty, fence: 0, next: 0, run: 0, isOpen: false, owner: null, attempt: 0 },
      saved: [],
      lost: [],
      writers: [null, null],
      lines: [bounds.viewers > 0 ? line : absent, bounds.viewers > 1 ? line : absent],
      prompt: 1,
      raises: 0,
      isClockBack: false,
      faultsLeft: bounds.faults,
    },
    steps(state, take) {
      stepsOfClient(state, take);
      for (const actor of ACTORS) {
        stepsOfWriter(state, actor, take);
        if (actor < bounds.viewers) stepsOfViewer(state, actor, take);
      }
      if (state.faultsLeft > 0) faults(state, take);
    },
    encode,
    broken(state) {
      const { store, lines, lost } = state;
      if (store.log.fault) return store.log.fault;
      for (const { shown } of lines) {
        if (shown.fault && !startsWith(store.log, shown)) return judge(shown, [store.log, ...lost]);
        if (!startsWith(store.log, shown) && !lost.some((log) => startsWith(log, shown))) {
          return judge(shown, [store.log, ...lost]);
        }
      }
      const faultsSoFar = bounds.faults - state.faultsLeft;
      return store.attempt > 1 + faultsSoFar
        ? { kind: 'restarted for nothing', detail: `attempt ${store.attempt} after ${faultsSoFar} faults` }
        : null;
    },
    unfinished({ store, lines }) {
      if (store.isOpen) return { kind: 'never ends', detail: `run ${store.run} is open` };
      const behind = lines.slice(0, bounds.viewers).find(({ shown }) => shown !== store.log);
      return behind ? { kind: 'left behind', detail: judge(behind.shown, [store.log]).detail } : null;
    },
  };

  function stepsOfClient(state: LogState, take: Take<LogState>): void {
    const { store, prompt } = state;
    if (prompt > bounds.prompts) return;
    if (rules.promptOnce && store.log.begun.includes(prompt)) {
      take('submit again: same', { ...state, prompt: prompt + 1 });
      return;
    }
    if (store.isOpen) return;
    const submitted = raise(state, 'message', { run: prompt, isOpen: true, owner: null, attempt: 0 });
    take('submit', { ...submitted, prompt: prompt + 1 });
    if (state.faultsLeft > 0 && can('lost answer')) take('submit, answer lost', spend(submitted), 'fault');
  }

  function stepsOfWriter(state: LogState, actor: 0 | 1, take: Take<LogState>): void {
    const { store } = state;
    const writer = state.writers[actor];
    if (store.isOpen && store.owner === actor && writer?.fence !== store.fence) {
      take(`lease of ${actor} runs out`, write(state, { owner: null }));
    }
    if (!writer) {
      const isFree = store.owner === null || (!rules.lease && store.owner !== actor);
      const isDue = isFree && (store.isOpen || (!rules.claimOpenOnly && store.run > 0));
      if (!isDue) return;
      if (bounds.takeover === 'continue' && store.attempt > 0) {
        take(`${actor} reads`, setWriter(state, actor, { ...NO_WRITER, phase: 'has read', read: store.log }));
      } else claim(state, actor, null, take);
    } else if (writer.phase === 'has read') {
      if (store.isOpen && store.owner === null) claim(state, actor, writer.read, take);
      else take(`${actor} claims: owned`, setWriter(state, actor, null));
    } else if (writer.phase === 'claim unanswered') {
      const isOurs = store.isOpen && store.fence === writer.fence;
      take(`${actor} claims again`, setWriter(state, actor, isOurs ? { ...writer, phase: 'ready' } : null));
    } else if (writer.phase === 'ready') {
      const { state: written, answer } = append(state, writer);
      const said = typeof answer === 'number' ? `gap ${answer}` : answer;
      const label = `${actor} appends ${entryOf(writer).id}`;
      take(`${label}: ${said}`, setWriter(written, actor, afterAnswer(writer, answer)));
      if (state.faultsLeft > 0 && can('lost answer')) {
        const again = rules.sameNumberAgain ? writer : { ...writer, next: writer.next + 1, have: writer.have - 1 };
        take(`${label}, answer lost`, spend(setWriter(written, actor, again)), 'fault');
      }
    } else {
      const isOurs = store.isOpen && store.fence === writer.fence;
      take(`${actor} closes`, setWriter(isOurs ? write(state, { isOpen: false }) : state, actor, null));
    }
  }

  /** `read`: the log that the claimer continues, or null to start anew. */
  function claim(state: LogState, actor: 0 | 1, read: History | null, take: Take<LogState>): void {
    const { store } = state;
    const attempt = store.attempt + 1;
    if (attempt > MAX_ATTEMPTS) {
      const ended = raise(state, 'failed', { isOpen: false, owner: null });
      take(`${actor} claims: no attempts left`, setWriter(ended, actor, null));
      return;
    }
    const goesOn = read !== null && (!rules.continueAtHead || read.head === store.log.head);
    const kind = store.attempt === 0 ? 'started' : goesOn ? 'continued' : 'restarted';
    const claimed = raise(state, kind, { owner: actor, attempt });
    const writer: Writer = {
      ...NO_WRITER,
      fence: claimed.store.fence,
      id: claimed.raises,
      run: store.run,
      have: goesOn ? read.position : 0,
    };
    take(`${actor} claims: ${kind}`, setWriter(claimed, actor, writer));
    if (state.faultsLeft > 0 && can('lost answer')) {
      const unsure = setWriter(claimed, actor, { ...writer, phase: 'claim unanswered' });
      take(`${actor} claims: ${kind}, answer lost`, spend(unsure), 'fault');
    }
  }

  /** Applies an append or a finish to the store, and gives its answer. */
  function append(state: LogState, writer: Writer): { state: LogState; answer: Answer } {
    const { store } = state;
    const entry = entryOf(writer);
    const isEnd = entry.kind === 'finished';
    const isOwnFence = store.fence === writer.fence;
    const hasLanded = rules.seqCheck && isOwnFence && writer.next < store.next;
    if (!store.isOpen && rules.fenceCheck) return { state, answer: hasLanded ? 'ok' : 'refused' };
    if (!isOwnFence && rules.fenceCheck) return { state, answer: 'refused' };
    if (isOwnFence && rules.seqCheck) {
      if (hasLanded && !isEnd) return { state, answer: 'ok' };
      // With the rule that end and close are one write, an open run's end cannot have landed.
      if (hasLanded && !rules.closeWithEnd) return { state, answer: 'ok' };
      if (writer.next !== store.next) return { state, answer: store.next };
    }
    const written = write(
      state,
      { next: isOwnFence ? writer.next + 1 : store.next, ...(isEnd && rules.closeWithEnd ? { isOpen: false } : {}) },
      entry,
    );
    return { state: written, answer: 'ok' };
  }

  function afterAnswer(writer: Writer, answer: Answer): Writer | null {
    if (answer === 'refused') return null;
    if (answer !== 'ok') return { ...writer, next: answer };
    if (entryOf(writer).kind !== 'finished') return { ...writer, next: writer.next + 1 };
    return rules.closeWithEnd ? null : { ...writer, phase: 'to close' };
  }

  function entryOf({ fence, id, run, have, next }: Writer): Entry {
    const position = have + next;
    const isEnd = position > bounds.chunks;
    const kind = isEnd ? 'finished' : 'chunk';
    return histories.entry({ fence, seq: next, kind, run, position: isEnd ? 0 : position, writer: id });
  }

  function stepsOfViewer(state: LogState, actor: 0 | 1, take: Take<LogState>): void {
    const line = state.lines[actor];
    const set = (change: Partial<Line>): LogState => setLine(state, actor, change);
    const { log } = state.store;
    if (line.phase === 'off' && rules.subscribeFirst) take(`viewer ${actor} subscribes`, set({ phase: 'subscribed' }));
    if (line.phase === 'read') take(`viewer ${actor} subscribes`, set({ phase: 'live' }));
    const mayRead =
      line.phase === 'subscribed' ||
      (line.phase === 'off' && !rules.subscribeFirst) ||
      (line.phase === 'live' && (rules.headPoll ? line.shown.head !== log.head : line.isBehind));
    if (!line.asked && mayRead) {
      take(`viewer ${actor} reads`, set({ asked: { from: line.shown, log }, isBehind: false }));
    }
    if (line.asked) {
      const { shown, isBehind } = readAnswer(histories, rules, line.shown, line.asked);
      const phase = line.phase === 'off' ? 'read' : 'live';
      take(
        `viewer ${actor} gets what it read`,
        set({ asked: null, phase, ...isOutOfDate(rules, line, shown, isBehind) }),
      );
    }
    const hint = line.hints[0];
    if (!hint || line.phase !== 'live') return;
    const heard = hear(histories, rules, line, hint);
    const rest = line.hints.slice(1);
    take(`viewer ${actor} hears ${hint.id}`, set({ ...heard, hints: rest }));
    if (state.faultsLeft === 0) return;
    if (can('lost hint')) take(`hint ${hint.id} to ${actor} is lost`, spend(set({ hints: rest })), 'fault');
    if (can('repeated hint')) take(`viewer ${actor} hears ${hint.id}, which comes again`, spend(set(heard)), 'fault');
  }

  function faults(state: LogState, take: Take<LogState>): void {
    const { store } = state;
    const fault = (label: string, next: LogState): void => take(label, spend(next), 'fault');
    for (const viewer of ACTORS) {
      const isConnected = viewer < bounds.viewers && state.lines[viewer].phase !== 'off';
      if (can('dropped viewer') && isConnected) fault(`viewer ${viewer} drops`, setLine(state, viewer, DROPPED));
    }
    for (const actor of ACTORS) {
      const writer = state.writers[actor];
      if (can('crash') && writer) {
        const crashed = setWriter(state, actor, null);
        fault(`relay ${actor} crashes`, crashed);
        for (const viewer of ACTORS) {
          if (viewer >= bounds.viewers || crashed.lines[viewer].phase === 'off') continue;
          fault(`relay ${actor} crashes, viewer ${viewer} drops`, setLine(crashed, viewer, DROPPED));
        }
      }
      if (can('frozen writer') && store.isOpen && store.owner === actor && writer?.fence === store.fence) {
        fault(`relay ${actor} freezes, its lease runs out`, write(state, { owner: null }));
      }
    }
    if (can('cancel') && store.isOpen) fault('cancel', raise(state, 'cancelled', { isOpen: false, owner: null }));
    if (!can('failover')) return;
    for (let count = 1; count <= state.saved.length; count += 1) {
      const kept = state.saved.length - count;
      const back = state.saved[kept];
      if (!back) continue;
      const next = { ...state, store: back, saved: state.saved.slice(0, kept), lost: [...state.lost, store.log] };
      fault(`failover loses ${count}`, next);
      if (!state.isClockBack) fault(`failover loses ${count}, the clock goes back`, { ...next, isClockBack: true });
    }
  }

  /** Raises the fence and writes the entry that says so. */
  function raise(state: LogState, kind: Entry['kind'], change: Partial<Store>): LogState {
    const { store } = state;
    const raises = state.raises + 1;
    const fence = nextFence(rules, { ...state, raises, fence: store.fence, raisesInLog: store.log.raises });
    const entry = histories.entry({
      fence,
      seq: 0,
      prev: store.log.head,
      kind,
      run: change.run ?? store.run,
      position: 0,
      writer: raises,
    });
    return write({ ...state, raises }, { ...change, fence, next: 1 }, entry);
  }

  /** One write to the store. It may be lost again as long as a failover can happen. */
  function write(state: LogState, change: Partial<Store>, entry?: Entry): LogState {
    const log = entry ? histories.append(state.store.log, entry) : state.store.log;
    const saved =
      state.faultsLeft > 0 && can('failover') ? [...state.saved, state.store].slice(-LOST_WRITES) : state.saved;
    const lines: Pair<Line> = entry ? [publish(state.lines[0], entry), publish(state.lines[1], entry)] : state.lines;
    return { ...state, store: { ...state.store, ...change, log }, saved, lines };
  }
}
