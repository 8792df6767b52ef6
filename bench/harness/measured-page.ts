import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { ensureBrowser } from '../../scripts/programs.ts';

/** Starts a headless Chromium whose pages run at full speed. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: ensureBrowser(),
    // Chromium throttles pages that are not visible.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
    ],
  });
}

/** A page with meters. */
export interface MeasuredPage {
  readonly page: Page;
  /** CPU time of the page's main thread since it was opened, in ms. */
  mainThread(): Promise<number>;
  /** The tasks of more than 50 ms since the last call, in ms of wall time: on a busy machine other processes add to it. */
  takeLongTasks(): Promise<number[]>;
  /**
   * Waits until the expression is true. It is evaluated through the debugging protocol: Playwright's own way installs a
   * script in the page, which costs its main thread some 10 ms.
   */
  waitUntil(expression: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a page.
 *
 * @param slowDown by how many times the CPU is throttled.
 */
export async function openMeasuredPage(browser: Browser, url: string, slowDown = 1): Promise<MeasuredPage> {
  const context = await browser.newContext({ viewport: { width: 800, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { longTasks: tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
  });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  if (slowDown !== 1) await session.send('Emulation.setCPUThrottlingRate', { rate: slowDown });
  await page.goto(url);
  return {
    page,
    mainThread: () => readMainThread(session),
    takeLongTasks: () => page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks.splice(0)),
    waitUntil: (expression) => waitUntil(session, expression),
    close: () => context.close(),
  };
}

async function readMainThread(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = metrics.find(({ name }) => name === 'TaskDuration');
  if (!metric) throw new Error('the browser reports no TaskDuration');
  return metric.value * 1000;
}

/** How long an expression may take to become true, in ms. */
const WAIT_TIMEOUT_MS = 30_000;

async function waitUntil(session: CDPSession, expression: string): Promise<void> {
  const end = performance.now() + WAIT_TIMEOUT_MS;
  while (performance.now() < end) {
    const { result } = await session.send('Runtime.evaluate', { expression: `Boolean(${expression})` });
    if (result.value === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not true within ${WAIT_TIMEOUT_MS / 1000} s: ${expression}`);
}
