import { expect } from 'vitest';
import { createVisitor, type Chat, type Visitor } from './visitor.ts';
import { openHostPage, type HostPage } from './host-page.ts';
import { openStage, type Stage } from '../stage.ts';

/** A stage, with a site that embeds the widget and visitors with browsers. */
export interface BrowserStage extends Stage {
  readonly page: HostPage;
  /** Opens a browser with a fresh profile. */
  visit(): Promise<Visitor>;
  /** Closes all browsers, and ends the proxy's faults. */
  endVisits(): Promise<void>;
  /** Sends a prompt, which the model answers in plain prose of so many tokens at this pace. */
  ask(chat: Chat, prompt: string, tokens: number, tokensPerSecond: number): Promise<void>;
  /** The text of the model's last call for a prompt. */
  written(prompt: string): string;
  /** Expects these prompts and their answers, to the letter, in each element's `messages` and on its page. */
  expectAnswers(chats: readonly Chat[], prompts: readonly string[]): Promise<void>;
}

/** Starts everything but the visitors. */
export async function openBrowserStage(): Promise<BrowserStage> {
  const stage = await openStage();
  const page = await openHostPage({ scriptOrigin: stage.relay.origin, relayOrigin: stage.proxy.origin });
  const visitors: Visitor[] = [];

  function written(prompt: string): string {
    return stage.model.callsFor(prompt).at(-1)?.text ?? '';
  }

  async function endVisits(): Promise<void> {
    stage.proxy.restore();
    for (const visitor of visitors.splice(0)) await visitor.dispose();
  }

  return {
    ...stage,
    page,
    written,
    async visit() {
      const visitor = await createVisitor();
      visitors.push(visitor);
      return visitor;
    },
    endVisits,
    async ask(chat, prompt, tokens, tokensPerSecond) {
      stage.model.plan(prompt, { tokens, tokensPerSecond, style: 'plain' });
      await chat.send(prompt);
    },
    async expectAnswers(chats, prompts) {
      const conversation = prompts.flatMap((prompt) => [
        { role: 'user', status: null, text: prompt },
        { role: 'assistant', status: 'completed', text: written(prompt) },
      ]);
      for (const prompt of prompts) expect(stage.model.callsFor(prompt).at(-1)?.finished).toBe(true);
      for (const chat of chats) {
        expect(await chat.messages()).toEqual(conversation);
        expect(await chat.shown()).toEqual(prompts.map(written));
      }
    },
    async close() {
      await endVisits();
      await page.close();
      await stage.close();
    },
  };
}
