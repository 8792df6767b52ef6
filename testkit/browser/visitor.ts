import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { ensureBrowser } from '#scripts/programs.ts';
import type { Credentials } from '../client/protocol-client.ts';
import { until } from '../wait.ts';

/** A browser whose profile outlives it: it can be closed and opened again. */
export interface Visitor {
  /** Opens the browser with the same profile as before. */
  open(): Promise<void>;
  /** Opens a page with the chat. With `clock`, the page's timers can be advanced (`page.clock`). */
  newTab(url: string, options?: { clock: boolean }): Promise<Chat>;
  /** Closes the browser; the profile stays. */
  close(): Promise<void>;
  /** Closes the browser and deletes the profile. */
  dispose(): Promise<void>;
}

/** The widget in one tab, as a person uses and sees it. */
export interface Chat {
  readonly page: Page;
  /** Types a prompt and presses Send. */
  send(text: string): Promise<void>;
  stop(): Promise<void>;
  /** The messages of the element's `messages` property, as texts. */
  messages(): Promise<{ role: string; text: string; status: string | null }[]>;
  /** The answers that are drawn on the page, as texts. */
  shown(): Promise<string[]>;
  /** Waits until there are so many answers (1 when not given) and the newest has this status. */
  waitFor(status: 'completed' | 'cancelled' | 'failed', answers?: number): Promise<void>;
  /** Waits until there are so many answers (1 when not given) and the newest has at least `length` characters. */
  waitForText(length: number, answers?: number): Promise<void>;
  status(): Promise<string>;
  /** Records every status from now on; the returned function reads them. */
  recordStatuses(): Promise<() => Promise<string[]>>;
  credentials(): Promise<Credentials>;
  join(credentials: Credentials): Promise<void>;
}

/** Opens a browser with a fresh profile in a temporary folder. */
export async function createVisitor(): Promise<Visitor> {
  const profile = mkdtempSync(path.join(tmpdir(), 'resumable-chat-profile-'));
  let context: BrowserContext | null = null;

  async function open(): Promise<void> {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: ensureBrowser(),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  }

  async function close(): Promise<void> {
    await context?.close();
    context = null;
  }

  await open();
  return {
    open,
    close,
    async newTab(url, { clock } = { clock: false }) {
      if (!context) throw new Error('The browser is closed.');
      const page = await context.newPage();
      if (clock) await page.clock.install();
      await page.goto(url);
      return openChat(page);
    },
    async dispose() {
      await close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openChat(page: Page): Promise<Chat> {
  const element = page.locator('resumable-chat');
  await element.waitFor({ state: 'attached' });

  function messages(): ReturnType<Chat['messages']> {
    return element.evaluate((chat) =>
      (chat as unknown as ChatElement).messages.map(({ role, parts, metadata }) => ({
        role,
        status: metadata?.run?.status ?? null,
        text: parts.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join(''),
      })),
    );
  }

  async function answer(answers: number): Promise<{ text: string; status: string | null } | undefined> {
    const all = (await messages()).filter(({ role }) => role === 'assistant');
    return all.length >= answers ? all.at(-1) : undefined;
  }

  return {
    page,
    messages,
    async send(text) {
      await page.getByRole('textbox', { name: 'Message' }).fill(text);
      await page.getByRole('button', { name: 'Send' }).click();
    },
    stop: () => page.getByRole('button', { name: 'Stop' }).click(),
    // An empty line in the answer became two paragraphs.
    shown: () =>
      page
        .getByRole('article', { name: 'Answer' })
        .evaluateAll((answers) =>
          answers.map((one) => [...one.querySelectorAll('p')].map((paragraph) => paragraph.textContent).join('\n\n')),
        ),
    async waitFor(status, answers = 1) {
      await until(`answer ${answers} is ${status}`, async () => (await answer(answers))?.status === status, {
        timeoutMs: 60_000,
      });
    },
    async waitForText(length, answers = 1) {
      await until(`answer ${answers} has ${length} characters`, async () => {
        return ((await answer(answers))?.text.length ?? 0) >= length;
      });
    },
    status: () => element.evaluate((chat) => (chat as unknown as ChatElement).status),
    async recordStatuses() {
      await element.evaluate((chat) => {
        const seen: string[] = [];
        Object.assign(chat, { seenStatuses: seen });
        chat.addEventListener('rc-status', (event) => {
          seen.push((event as CustomEvent<{ status: string }>).detail.status);
        });
      });
      return () => element.evaluate((chat) => (chat as unknown as { seenStatuses: string[] }).seenStatuses);
    },
    credentials: () =>
      until('the chat has a session', () => element.evaluate((chat) => (chat as unknown as ChatElement).session)),
    join: (credentials) =>
      element.evaluate((chat, session) => {
        (chat as unknown as ChatElement).session = session;
      }, credentials),
  };
}

/** The element's properties that are read here, as docs/element.md has them. */
interface ChatElement {
  messages: {
    role: string;
    parts: { type: string; text?: string }[];
    metadata?: { run?: { status: string } };
  }[];
  status: string;
  session: Credentials | null;
}
