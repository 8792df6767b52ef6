import type { Browser } from 'playwright-core';
import type { Bench } from '../harness/bench.ts';
import { atMost, createFigure, oursAtMost, type Figure } from '../harness/figure.ts';
import { cutIntoChunks, writeGiantList, writeGiantTable, writeMarkdown } from '../harness/markdown-answer.ts';
import { openBrowser, openMeasuredPage } from '../harness/measured-page.ts';
import type { WidgetPages } from '../servers/widget-pages.ts';

const LENGTH = 20_000;
const CHUNKS = 1008;
const EVERY_MS = 4;

interface Cost {
  script: number;
  longest: number;
}

/** Main-thread CPU of the widget's markdown engine, against parsing the whole answer again with each chunk. */
export const widgetMarkdown: Bench = {
  name: 'widget-markdown',
  run: async ({ quick, start, progress }) => {
    const pages = await start<WidgetPages>('servers/widget-pages.ts');
    const url = `http://127.0.0.1:${await pages.call('port')}/engines`;
    const browser = await openBrowser();
    try {
      const texts = [
        { what: 'an answer', text: writeMarkdown(LENGTH), isGiant: false },
        { what: 'one list', text: writeGiantList(LENGTH), isGiant: true },
        { what: 'one table', text: writeGiantTable(LENGTH), isGiant: true },
      ];
      const figures: Figure[] = [];
      for (const { what, text, isGiant } of texts) {
        const chunks = cutIntoChunks(text, CHUNKS);
        const ours: Cost[] = [];
        const theirs: Cost[] = [];
        const nothing = (await measure(browser, url, 'nothing', chunks)).script;
        for (let round = 0; round < (quick ? 1 : 3); round += 1) {
          progress(`${what}, round ${round + 1}`);
          theirs.push(await measure(browser, url, 'reparse', chunks));
          ours.push(await measure(browser, url, 'widget', chunks));
        }
        const script = {
          ours: ours.map((cost) => cost.script - nothing),
          baseline: theirs.map((cost) => cost.script - nothing),
        };
        const longest = { ours: ours.map((cost) => cost.longest), baseline: theirs.map((cost) => cost.longest) };
        const name = `${LENGTH / 1000} kB of ${what} in ${CHUNKS} chunks`;
        figures.push(
          createFigure({
            what: `script time, ${name}`,
            unit: 'ms CPU',
            ...script,
            as: 'ours/baseline',
            goal: isGiant ? oursAtMost(2000) : atMost(0.05),
          }),
          createFigure({
            what: `longest step, ${name}`,
            unit: 'ms',
            ...longest,
            as: 'ours/baseline',
            goal: oursAtMost(50),
          }),
        );
      }
      return figures;
    } finally {
      await browser.close();
    }
  },
};

/** Measures in a new page, so that no engine pays for another one's garbage. */
async function measure(browser: Browser, url: string, engine: string, chunks: readonly string[]): Promise<Cost> {
  const measured = await openMeasuredPage(browser, url);
  try {
    const before = await measured.mainThread();
    const longest = await measured.page.evaluate(
      ([engine, chunks, everyMs]) =>
        (globalThis as unknown as { stream: (...args: unknown[]) => Promise<number> }).stream(engine, chunks, everyMs),
      [engine, chunks, EVERY_MS] as const,
    );
    return { script: (await measured.mainThread()) - before, longest };
  } finally {
    await measured.close();
  }
}
