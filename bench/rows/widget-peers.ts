import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errors, type Browser } from 'playwright-core';
import type { Bench, BenchContext } from '../harness/bench.ts';
import type { Child } from '../harness/child.ts';
import { atMost, createFigure, oursAtMost, type Figure } from '../harness/figure.ts';
import { cutIntoChunks, writeMarkdown } from '../harness/markdown-answer.ts';
import { openBrowser, openMeasuredPage, type MeasuredPage } from '../harness/measured-page.ts';
import type { WidgetPages } from '../servers/widget-pages.ts';

/** Characters of the answer: about 5,000 tokens. */
const LENGTH = 20_000;
const EVERY_MS = 20;
const MARK = 'THIS-IS-THE-END';
/** How long an answer may take, in ms: on a slowed CPU the slowest widget takes more than a minute. */
const ANSWER_TIMEOUT_MS = 170_000;

interface Widget {
  name: string;
  /** The selector of its element. */
  host: string;
  /** The selector of its input, in the host's shadow tree or below the host. */
  input: string;
}

const OURS: Widget = { name: 'ours', host: 'resumable-chat', input: 'textarea' };
const PEERS: readonly Widget[] = [
  { name: 'deep-chat', host: 'deep-chat', input: '#text-input' },
  { name: 'n8n', host: '#n8n-chat', input: 'textarea' },
];

interface Cost {
  boot: number;
  bytes: number;
  task: number;
  longest: number;
  /** From Enter until the last word is on the page, in ms. */
  shown: number;
}

/** The whole widget, from loading to the last word of an answer, against two others in the same browser. */
export const widgetPeers: Bench = {
  name: 'widget-peers',
  run: async ({ quick, start, progress }) => {
    installPeers(progress);
    const pages = await start<WidgetPages>('servers/widget-pages.ts');
    const chunks = cutIntoChunks(`${writeMarkdown(LENGTH - 40)}\n\n${MARK}`, quick ? 200 : 672);
    await pages.call('answerWith', { chunks, everyMs: EVERY_MS });
    const origin = `http://127.0.0.1:${await pages.call('port')}`;
    const browser = await openBrowser();
    try {
      const normal = await measureAll({ rounds: quick ? 1 : 2, slowDown: 1 });
      const slow = await measureAll({ rounds: 1, slowDown: 4 });
      const launcher = await measureLauncher(browser, origin, pages);
      const streamMs = (chunks.length - 1) * EVERY_MS;
      return [...compare(normal), ...compareSlow(slow, streamMs), ...launcher.map((value) => launcherFigure(value))];
    } finally {
      await browser.close();
    }

    async function measureAll({
      rounds,
      slowDown,
    }: {
      rounds: number;
      slowDown: number;
    }): Promise<Map<string, Cost[]>> {
      const costs = new Map<string, Cost[]>();
      for (let round = 0; round < rounds; round += 1) {
        for (const widget of [...PEERS, OURS]) {
          progress(`${widget.name}, CPU ${slowDown} × slower, round ${round + 1}`);
          costs.set(widget.name, [
            ...(costs.get(widget.name) ?? []),
            await measure(browser, origin, widget, pages, slowDown),
          ]);
        }
      }
      return costs;
    }
  },
};

function installPeers(progress: BenchContext['progress']): void {
  const folder = fileURLToPath(new URL('../peers', import.meta.url));
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return;
  progress('installing the other widgets (390 MB, once)');
  const { status } = spawnSync('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the other widgets could not be installed: see the output of npm above');
}

async function measure(
  browser: Browser,
  origin: string,
  widget: Widget,
  pages: Child<WidgetPages>,
  slowDown: number,
): Promise<Cost> {
  await pages.call('takeSent');
  const measured = await openMeasuredPage(browser, `${origin}/${widget.name}`, slowDown);
  try {
    await waitForInput(measured, widget);
    await settle(measured);
    const boot = await measured.mainThread();
    await measured.page.locator(`${widget.host} ${widget.input}`).first().click();
    await measured.page.keyboard.type('How?');
    await measured.takeLongTasks();
    const before = await measured.mainThread();
    const startedAt = performance.now();
    await measured.page.keyboard.press('Enter');
    await waitForEnd(measured, widget.host);
    const shown = performance.now() - startedAt;
    await settle(measured);
    const task = (await measured.mainThread()) - before;
    const longest = Math.max(0, ...(await measured.takeLongTasks()));
    return { boot, bytes: await pages.call('takeSent'), task, longest, shown };
  } finally {
    await measured.close();
  }
}

function waitForInput({ waitUntil }: MeasuredPage, { host, input }: Widget): Promise<void> {
  const hosts = `document.querySelector(${JSON.stringify(host)})`;
  return waitUntil(`(${hosts}?.shadowRoot ?? ${hosts})?.querySelector(${JSON.stringify(input)})?.checkVisibility()`);
}

async function settle({ page }: MeasuredPage): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: ANSWER_TIMEOUT_MS }).catch((error: unknown) => {
    // The network of some widgets never becomes idle.
    if (!(error instanceof errors.TimeoutError)) throw error;
  });
  await page.waitForTimeout(500);
}

/** Polls ten times per second, which costs each widget the same. */
async function waitForEnd({ page }: MeasuredPage, host: string): Promise<void> {
  const isThere = ([host, mark]: readonly [string, string]): boolean => {
    const element = document.querySelector(host);
    return (element?.shadowRoot ?? element)?.textContent.includes(mark) ?? false;
  };
  await page.waitForFunction(isThere, [host, MARK] as const, { timeout: ANSWER_TIMEOUT_MS, polling: 100 });
}

function compare(costs: Map<string, Cost[]>): Figure[] {
  return [
    createFigure({
      what: 'main-thread CPU of a streamed answer',
      unit: 'ms CPU',
      ...pick(costs, (cost) => cost.task),
      as: 'ours/baseline',
      goal: atMost(0.3),
    }),
    createFigure({
      what: 'longest task while it streams',
      unit: 'ms',
      ...pick(costs, (cost) => cost.longest),
      as: 'ours/baseline',
      goal: oursAtMost(50),
      note: '0: no task over 50 ms',
    }),
    createFigure({
      what: 'CPU until one can type',
      unit: 'ms CPU',
      ...pick(costs, (cost) => cost.boot),
      as: 'ours/baseline',
      goal: oursAtMost(30),
    }),
    createFigure({
      what: 'loaded for a drawn answer',
      unit: 'kB brotli',
      ...pick(costs, (cost) => cost.bytes / 1000),
      as: 'ours/baseline',
      goal: oursAtMost(92),
    }),
    ...PEERS.map(({ name }) =>
      createFigure({
        what: `main-thread CPU of a streamed answer, against ${name}`,
        unit: 'ms CPU',
        ours: (costs.get('ours') ?? []).map((cost) => cost.task),
        baseline: (costs.get(name) ?? []).map((cost) => cost.task),
        as: 'ours/baseline',
      }),
    ),
  ];
}

function compareSlow(costs: Map<string, Cost[]>, streamMs: number): Figure[] {
  const shown = pick(costs, (cost) => cost.shown);
  return [
    createFigure({
      what: 'all shown, CPU 4 × slower',
      unit: 'ms',
      ...shown,
      as: 'ours/baseline',
      goal: oursAtMost(streamMs + 900),
      note: `the stream takes ${(streamMs / 1000).toFixed(1)} s`,
    }),
  ];
}

/** Our values, and the best of the others' in each round. */
function pick(costs: Map<string, Cost[]>, of: (cost: Cost) => number): { ours: number[]; baseline: number[] } {
  const ours = (costs.get('ours') ?? []).map(of);
  return {
    ours,
    baseline: ours.map((_, round) =>
      Math.min(...PEERS.map(({ name }) => (costs.get(name) ?? []).map(of)[round] ?? Number.NaN)),
    ),
  };
}

interface Launcher {
  bytes: number;
  boot: number;
  blank: number;
}

async function measureLauncher(browser: Browser, origin: string, pages: Child<WidgetPages>): Promise<Launcher[]> {
  await pages.call('takeSent');
  const blankPage = await openMeasuredPage(browser, `${origin}/blank`);
  await settle(blankPage);
  const blank = await blankPage.mainThread();
  await blankPage.close();
  const measured = await openMeasuredPage(browser, `${origin}/launcher`);
  await waitForInput(measured, { ...OURS, input: '.launcher' });
  await settle(measured);
  const boot = await measured.mainThread();
  await measured.close();
  return [{ bytes: await pages.call('takeSent'), boot, blank }];
}

function launcherFigure({ bytes, boot, blank }: Launcher): Figure {
  return createFigure({
    what: 'CPU of the launcher alone, beyond an empty page',
    unit: 'ms CPU',
    ours: [boot - blank],
    baseline: [blank],
    as: 'ours/baseline',
    goal: oursAtMost(30),
    note: `${(bytes / 1000).toFixed(1)} kB brotli are loaded`,
  });
}
