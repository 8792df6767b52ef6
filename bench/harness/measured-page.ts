import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { ensureBrowser } from '../../scripts/programs.ts';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: ensureBrowser(),
    // A page that nobody looks at would be slowed down.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
    ],
  });
}

/** A page and what it costs. */
export interface MeasuredPage {
  readonly page: Page;
  /** CPU time of the page's main thread since it was opened, ms. */
  mainThread(): Promise<number>;
  /** Tasks of more than 50 ms since the last call, ms each. Wall time: on a busy machine also what others took. */
  takeLongTasks(): Promise<number[]>;
  /**
   * Waits until the expression is true. The browser itself is asked: what Playwright waits with is a script that it puts
   * into the page first, and the page's main thread pays some 10 ms for.
   */
  waitUntil(expression: string): Promise<void>;
  close(): Promise<void>;
}

/** `slowDown`: the CPU is so many times slower than this machine's. */
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
  if (!metric) throw new Error('the browser does not tell what its tasks took');
  return metric.value * 1000;
}

const PATIENCE_MS = 30_000;

async function waitUntil(session: CDPSession, expression: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const { result } = await session.send('Runtime.evaluate', { expression: `Boolean(${expression})` });
    if (result.value === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come to this: ${expression}`);
}
