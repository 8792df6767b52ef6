import type { LanguageModelV4Prompt } from '@ai-sdk/provider';

/** A prompt of the AI SDK, as far as the demo model looks at it. */
export interface Conversation {
  /** The visitor's prompts, the oldest first; the last is the one to answer. */
  prompts: readonly string[];
  /** What tools have answered to the last prompt, as JSON. */
  toolResults: readonly string[];
  /** The names of the tools that may be called. */
  tools: readonly string[];
}

/** Reads the conversation that the model is to answer. */
export function readConversation(prompt: LanguageModelV4Prompt, tools: readonly string[]): Conversation {
  const prompts = prompt.flatMap((message) => (message.role === 'user' ? [textOf(message.content)] : []));
  const lastPrompt = prompt.findLastIndex(({ role }) => role === 'user');
  const toolResults = prompt
    .slice(lastPrompt + 1)
    .flatMap((message) => (message.role === 'tool' ? message.content : []))
    .flatMap((part) => (part.type === 'tool-result' ? [toJson(part.output)] : []));
  return { prompts, toolResults, tools };
}

/** The answer that was cut off, when the model is asked to go on with it; else the empty string. */
export function unfinishedAnswer(prompt: LanguageModelV4Prompt): string {
  const last = prompt.at(-1);
  return last?.role === 'assistant' ? textOf(last.content) : '';
}

/** All text of the prompt, the system prompt included. */
export function allText(prompt: LanguageModelV4Prompt): string {
  return prompt.map(({ content }) => (typeof content === 'string' ? content : textOf(content))).join(' ');
}

function textOf(content: readonly { type: string; text?: string }[]): string {
  return content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
}

function toJson(output: { type: string; value?: unknown }): string {
  return JSON.stringify('value' in output ? output.value : null, null, 2) ?? 'null';
}
