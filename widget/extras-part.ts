/**
 * The part of the widget that few conversations need: an answer's thoughts, tools and sources, and saving it all. It is
 * loaded when the first of them is met.
 */
import type { html, TemplateResult } from 'lit';
import type { Problem } from '#shared/problem.ts';
import type { ChatMessage, ChatPart } from '#shared/protocol.ts';
import { createCitationReader } from './elements/extras/citations.ts';
import { RcReasoning, type ReasoningPart } from './elements/extras/rc-reasoning.ts';
import { createSourceList } from './elements/extras/sources.ts';
import { adoptStyles } from './elements/extras/styles.ts';
import { createToolSteps } from './elements/extras/tool-step.ts';
import { createMarkdownWriter, saveFile } from './elements/extras/write-markdown.ts';
import type { ToolPart } from './elements/message-parts.ts';
import type { Citations } from './elements/text-renderer.ts';
import type { Strings } from './locales/en.ts';

/** What this part is handed, so that it shares no code with the script that loads it. */
export interface ExtraTools {
  html: typeof html;
  icons: { done: TemplateResult; failed: TemplateResult };
  fill(text: string, values: Readonly<Record<string, string | number>>): string;
  duration(ms: number, strings: Strings): string;
  describeTool(part: ToolPart, strings: Strings): string;
  describeFailure(problem: Problem | undefined, strings: Strings): string;
  renderLink(href: string, text: string): TemplateResult;
  safeUrl(text: string): string | null;
  readMarkdown(parts: readonly ChatPart[]): string;
}

export interface ExtraContext {
  strings: Strings;
  allowImages: boolean;
}

export interface Extras {
  renderReasoning(part: ReasoningPart, context: ExtraContext): TemplateResult;
  renderToolStep(part: ToolPart, strings: Strings): TemplateResult;
  renderSources(parts: readonly ChatPart[], strings: Strings): TemplateResult | null;
  readCitations(parts: readonly ChatPart[], strings: Strings): Citations | null;
  writeMarkdown(messages: readonly ChatMessage[], heading: string, strings: Strings): string;
  saveFile(text: string, name: string): void;
  /** Gives the tree that `element` stands in the looks of these, once. */
  adoptStyles(element: HTMLElement): void;
}

export function createExtras(tools: ExtraTools): Extras {
  if (!customElements.get('rc-reasoning')) customElements.define('rc-reasoning', RcReasoning);
  const { html } = tools;
  return {
    renderReasoning: (part, context) =>
      html`<rc-reasoning .content=${{ ...{ part, tools }, ...context }}></rc-reasoning>`,
    renderToolStep: createToolSteps(tools),
    renderSources: createSourceList(tools),
    readCitations: createCitationReader(tools),
    writeMarkdown: createMarkdownWriter(tools),
    saveFile,
    adoptStyles,
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-reasoning': RcReasoning;
  }
}
