import { expect } from 'vitest';
import { createVisitor, type Chat, type Visitor } from './visitor.ts';
import { openHostPage, type HostPage } from './host-page.ts';
import { openStage, type Stage } from '../stage.ts';

/** A stage with somebody's site before it, and browsers to visit it. */
export interface BrowserStage extends Stage {
  readonly page: HostPage;
  /** A visitor with a fresh profile; all are gone after the test that called `endVisits`. */
  visit(): Promise<Visitor>;
  endVisits(): Promise<void>;
  /** Sends a prompt that will be answered so: plain prose, so many tokens at that pace. */
  ask(chat: Chat, prompt: string, tokens: number, tokensPerSecond: number): Promise<void>;
  /** What the model's last call for a prompt wrote. */
  written(prompt: string): string;
  /** Each of these viewers has these answers to these prompts, to the letter, in its element and on its page. */
  expectAnswers(chats: readonly Chat[], prompts: readonly string[]): Promise<void>;
}

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
