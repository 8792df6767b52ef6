import type { ResumableChat } from '#widget/resumable-chat.ts';
import type { Network } from './network.ts';
import type { Inspection, RelayControls } from './relay-controls.ts';

const HISTORY_LENGTH = 40;
const INSPECT_EVERY_MS = 1000;

/** Wires the levers below the page to what they break, and shows what comes of it. */
export function startWorkbench(bench: HTMLElement, network: Network, relay: RelayControls): void {
  const latest = find(bench, '.latest');
  const history = find(bench, '.history');
  const details = find(bench, '.details');
  const levers: Record<string, (button: HTMLButtonElement) => void | Promise<void>> = {
    cut: switchNetwork,
    reload: () => location.reload(),
    tab: () => void window.open(location.href, '_blank'),
    stop,
    kill,
    details: toggleDetails,
  };

  bench.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const pull = levers[button?.dataset['lever'] ?? ''];
    if (!button || !pull) return;
    Promise.resolve(pull(button)).catch((error: unknown) => note(`The page could not do that: ${String(error)}`));
  });
  document.addEventListener('rc-status', (event) => {
    const { status } = (event as CustomEvent<{ status: string }>).detail;
    record(`line: ${status}`);
    showLine(status);
  });
  document.addEventListener('rc-message', (event) => {
    const { message } = (event as CustomEvent<{ message: ResumableChat['messages'][number] }>).detail;
    const { run } = message.metadata ?? {};
    if (run) record(`answer ${run.status}, attempt ${run.attempt}, ${lengthOf(message)} characters`);
    else record('prompt stored');
  });
  document.addEventListener('rc-error', (event) => {
    record(`problem: ${(event as CustomEvent<{ problem: { code: string } }>).detail.problem.code}`);
  });
  setInterval(() => {
    if (!details.hidden && document.visibilityState === 'visible') void inspect();
  }, INSPECT_EVERY_MS);

  function switchNetwork(button: HTMLButtonElement): void {
    if (network.isCut) network.restore();
    else network.cut();
    button.setAttribute('aria-pressed', String(network.isCut));
    button.textContent = network.isCut ? 'Restore the network' : 'Cut the network';
    note(
      network.isCut
        ? 'This page is offline now. The relay goes on writing; restore the network to read what you have missed.'
        : 'The network is back. Only what was missing is fetched.',
    );
  }

  async function stop(): Promise<void> {
    const credentials = findChat()?.session;
    if (!credentials) return note('There is no conversation yet: ask something first.');
    const stopped = await relay.stop(credentials);
    note(stopped ? 'Stopped by a request that did not come from the widget.' : 'No answer is being written just now.');
  }

  async function kill(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      if (!(await relay.kill())) return note('This relay cannot be killed from here: that takes npm start.');
      note('The relay was killed (kill -9), in the middle of whatever it did.');
      const after = await relay.awaitReturn();
      note(
        after === null
          ? 'The relay has not come back. Is npm start still running?'
          : `The relay is back after ${(after / 1000).toFixed(1)} s, and takes on what its predecessor left.`,
      );
    } finally {
      button.disabled = false;
    }
  }

  function toggleDetails(button: HTMLButtonElement): void {
    details.hidden = !details.hidden;
    button.setAttribute('aria-expanded', String(!details.hidden));
    if (!details.hidden) {
      showLine(findChat()?.status ?? 'idle');
      void inspect();
    }
  }

  async function inspect(): Promise<void> {
    const sessionId = findChat()?.sessionId;
    try {
      showInspection(sessionId ? await relay.inspect(sessionId) : null);
    } catch {
      showFact('owner', 'the relay does not answer');
    }
  }

  function showLine(status: string): void {
    bench.dataset['line'] = status;
    showFact('line', network.isCut ? `${status} (cut here)` : status);
  }

  function showInspection(inspection: Inspection | null): void {
    const { run, log = [], steps = [] } = inspection ?? {};
    const head = log.at(-1);
    showFact('run', run ? `${run.status ?? 'active'}, attempt ${run.attempt ?? 1}` : 'none');
    showFact('owner', run?.owner ?? 'nobody');
    showFact('log', head ? `up to ${head.fence}-${head.last}` : (inspection?.sealedTo ?? 'empty'));
    showFact('steps', steps.length > 0 ? steps.join(', ') : 'none');
  }

  function showFact(name: string, value: string): void {
    const fact = find(bench, `[data-fact="${name}"]`);
    if (fact.textContent !== value) fact.textContent = value;
  }

  /** Says what a lever has done, and keeps it. */
  function note(text: string): void {
    latest.textContent = text;
    record(text);
  }

  function record(text: string): void {
    const line = document.createElement('li');
    const time = line.appendChild(document.createElement('time'));
    time.textContent = new Date().toLocaleTimeString('en-GB');
    line.append(` ${text}`);
    history.prepend(line);
    while (history.children.length > HISTORY_LENGTH) history.lastElementChild?.remove();
  }
}

function findChat(): ResumableChat | null {
  return document.querySelector('resumable-chat');
}

function find(parent: HTMLElement, selector: string): HTMLElement {
  const found = parent.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}

function lengthOf(message: ResumableChat['messages'][number]): number {
  return message.parts.reduce((length, part) => length + (part.type === 'text' ? part.text.length : 0), 0);
}
