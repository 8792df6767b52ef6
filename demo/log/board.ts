import { START } from '#shared/cursor.ts';
import type { Network } from '../network.ts';
import { entriesAfter, type Inspector } from '../inspector.ts';
import type { Inspection } from '../relay-controls.ts';
import { plural, type LogRecord } from './log-record.ts';
import { laneClass } from './log-view.ts';

interface BoardSources {
  record: LogRecord;
  inspector: Inspector;
  network: Network;
}

const LANES_SHOWN = 6;

/** Why a fence was raised, by its first entry. */
const NAMES: Record<string, string> = {
  prompt: 'prompt',
  started: 'written',
  restarted: 'taken over',
  cancelled: 'stopped',
};

/** The figures above the log: who writes, where the log ends, and how far this page has read. */
export function createBoard(root: HTMLElement, { record, inspector, network }: BoardSources): { draw(): void } {
  const lag = find(root, '.lag') as HTMLMeterElement;
  const lease = find(root, '.lease') as HTMLMeterElement;
  const lanes = find(root, '.lanes');
  const ahead = find(root, '.ahead');
  /** The longest lease seen, ms: the full length of the meter. */
  let longestMs = 1000;

  function set(name: string, value: string): void {
    const fact = find(root, `[data-fact="${name}"]`);
    if (fact.textContent !== value) fact.textContent = value;
  }

  function drawLease(latest: Inspection | null): void {
    const run = latest?.run;
    const leftMs = run?.holder === 'lease' ? Math.max(0, run.dueAt - inspector.storeTime()) : 0;
    longestMs = Math.max(longestMs, leftMs);
    lease.value = leftMs / longestMs;
    if (!inspector.isReachable) {
      set('owner', 'the relay is down');
      set('lease', 'log and lease are on disk');
    } else if (!run) {
      set('owner', 'nobody');
      set('lease', 'nothing is being written');
    } else if (run.holder === 'lease') {
      set('owner', run.owner);
      set('lease', `lease runs ${(leftMs / 1000).toFixed(1)} s more`);
    } else {
      set('owner', 'whoever comes first');
      set('lease', 'the run waits to be taken');
    }
  }

  /** Gives lanes to fences that were raised while nothing came here. */
  function meetNewFences(latest: Inspection | null): void {
    const newest = record.lanes.all.at(-1)?.fence;
    if (newest === undefined) return;
    for (const { fence } of latest?.log ?? []) if (fence > newest) record.lanes.enter(fence);
  }

  /** Draws the log as one line with a stretch for each fence, as long as its entries. */
  function drawLanes(latest: Inspection | null): void {
    meetNewFences(latest);
    const writing = latest?.run?.holder === 'lease' ? record.lanes.find(latest.fence) : undefined;
    if (writing && latest?.run) writing.owner = latest.run.owner;
    const all = record.lanes.all.slice(-LANES_SHOWN);
    const newest = record.lanes.all.at(-1);
    while (lanes.children.length > all.length) lanes.lastElementChild?.remove();
    all.forEach((lane, index) => {
      const item = lanes.children[index] ?? lanes.appendChild(document.createElement('li'));
      const isShut = lane !== newest || latest?.run == null;
      const kept = latest?.log.find(({ fence }) => fence === lane.fence)?.entries ?? 0;
      const isAway = lane.last < 0;
      item.className = laneClass(lane.number);
      for (const [name, is] of Object.entries({ shut: isShut, newest: lane === newest, away: isAway })) {
        item.classList.toggle(name, is);
      }
      if (item instanceof HTMLElement) {
        item.style.flexGrow = String(Math.max(1, isAway ? kept : lane.received));
        item.title = String(lane.fence);
      }
      const what = isAway
        ? 'not here yet'
        : lane.received === 0
          ? 'sealed'
          : `${NAMES[lane.opening ?? ''] ?? 'written'}${lane.last > 0 ? ` 0…${lane.last}` : ''}`;
      const by = lane.owner === null ? '' : ` by ${lane.owner}`;
      const text = `Fence ${lane.number}: ${what}${by}${lane.last > 0 || !isShut ? `, ${isShut ? 'shut' : 'open'}` : ''}`;
      if (item.textContent !== text) item.textContent = text;
    });
  }

  return {
    draw() {
      const { latest } = inspector;
      const behind = latest ? entriesAfter(latest, record.cursor) : 0;
      const { entries, frames, lost, doubled } = record.counts;
      const run = latest?.run;
      const isBroken = record.connections > 0 && !record.isOpen;
      root.dataset['line'] = isBroken ? 'broken' : 'open';
      // The inspection is a moment old: entries that have come since are in the store too.
      set('head', latest && behind > 0 ? record.lanes.shorten(latest.head) : record.lanes.shorten(record.cursor));
      set(
        'run',
        run
          ? `being written, attempt ${run.attempt}`
          : record.counts.entries > 0
            ? 'closed: the run has ended'
            : 'empty',
      );
      set('cursor', record.lanes.shorten(record.cursor));
      set('behind', behind === 0 ? 'level with the log' : `${plural(behind, 'entry', 'entries')} behind`);
      lag.value = entries + behind === 0 ? 1 : entries / (entries + behind);
      drawLease(latest);
      set('received', plural(entries, 'entry', 'entries'));
      set('exact', `${lost} lost, ${doubled} doubled`);
      const state = network.isCut ? 'cut' : isBroken ? 'down' : record.isOpen ? 'open' : 'not used yet';
      set('line', `${plural(frames, 'frame')}, ${plural(Math.max(0, record.connections - 1), 'reconnect')}, ${state}`);
      set(
        'steps',
        latest && latest.steps.length > 0 ? latest.steps.join(', ') : run ? 'none yet' : 'empty, no run is active',
      );
      set('sealed', latest && latest.sealedTo !== START ? record.lanes.shorten(latest.sealedTo) : 'nothing yet');
      drawLanes(latest);
      const isAway = behind > 0 && !record.isOpen;
      ahead.hidden = !isAway;
      if (isAway) ahead.textContent = `${plural(behind, 'entry', 'entries')} more in the log, not here yet`;
    },
  };
}

function find(parent: HTMLElement, selector: string): HTMLElement {
  const found = parent.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}
