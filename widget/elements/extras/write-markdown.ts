import type { ChatMessage } from '#shared/protocol.ts';
import type { ExtraTools } from '../../extras-part.ts';
import type { Strings } from '../../locales/en.ts';
import { readSources } from './sources.ts';

/** Writes a conversation as one markdown text: who said what, and what it is based on. */
export function createMarkdownWriter(
  tools: ExtraTools,
): (messages: readonly ChatMessage[], heading: string, strings: Strings) => string {
  return (messages, heading, strings) => {
    const sections = messages.map((message) => writeMessage(message, strings, tools));
    return `${[`# ${heading}`, ...sections].join('\n\n')}\n`;
  };
}

function writeMessage(message: ChatMessage, strings: Strings, tools: ExtraTools): string {
  const { readMarkdown, describeFailure, safeUrl } = tools;
  const own = message.role === 'user';
  const blocks = [`## ${own ? strings.userMessage : strings.assistantMessage}`, readMarkdown(message.parts)];
  const { run } = message.metadata ?? {};
  if (run?.status === 'cancelled') blocks.push(`*${strings.stopped}*`);
  if (run?.status === 'failed') blocks.push(`*${describeFailure(run.problem, strings)}*`);
  const sources = readSources(message.parts, safeUrl).map(({ title, href }, at) => {
    const name = title.replace(/[[\]\n\\]/g, ' ').trim();
    return `${at + 1}. ${href === null ? name : `[${name}](<${href}>)`}`;
  });
  if (sources.length > 0) blocks.push(`${strings.sources}:`, sources.join('\n'));
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** A browser may still be reading it when the click has been handled, ms. */
const KEPT_MS = 60_000;

/** Has the browser save a text as a file, without a request or an inline script that a page might forbid. */
export function saveFile(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
