import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createVisitor, type Visitor } from '#testkit/browser/visitor.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';

let relay: RelayProcess;
let visitor: Visitor;

beforeAll(async () => {
  relay = await createRelayProcess({ MODEL: 'demo', DEMO_TOKENS_PER_SECOND: '1000' });
  await relay.start();
  visitor = await createVisitor();
});
afterAll(async () => {
  await visitor.dispose();
  await relay.dispose();
});

it('the demo page and the widget do nothing that the Content-Security-Policy of the page reports', async () => {
  const chat = await visitor.newTab(`${relay.origin}/`);
  const { page } = chat;
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      seen.push(`${violatedDirective} ${blockedURI}`);
    });
  });
  await page.reload();
  await chat.send('/markdown');
  await chat.waitFor('completed');
  await chat.send('/tool');
  await chat.waitFor('completed', 2);
  expect(await violations(page)).toEqual([]);

  // What a library does that tries whether it may compile code: the error is caught, and reported all the same. From a
  // timer, since evaluated scripts are exempt.
  await page.evaluate(() => {
    setTimeout(() => {
      try {
        Reflect.construct(Function, ['']);
      } catch (error) {
        console.log(error);
      }
    });
  });
  await expect.poll(() => violations(page)).not.toEqual([]);
});

function violations(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
}
