import type { ChatMessage } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { readMarkdown } from '../message-text.ts';
import { readSources } from '../parts/read-sources.ts';
import { describeFailure } from './notice.ts';

/** Writes a conversation as one markdown text: who said what, how each answer ended, and its sources. */
export function writeMarkdown(messages: readonly ChatMessage[], heading: string, strings: Strings): string {
  const sections = messages.map((message) => writeMessage(message, strings));
  return `${[`# ${heading}`, ...sections].join('\n\n')}\n`;
}

function writeMessage(message: ChatMessage, strings: Strings): string {
  const own = message.role === 'user';
  const blocks = [`## ${own ? strings.userMessage : strings.assistantMessage}`, readMarkdown(message.parts)];
  const { run } = message.metadata ?? {};
  if (run?.status === 'cancelled') blocks.push(`*${strings.stopped}*`);
  if (run?.status === 'failed') blocks.push(`*${describeFailure(run.problem, strings)}*`);
  const sources = readSources(message.parts, strings).map(({ title, href }, at) => {
    const name = title.replace(/[[\]\n\\]/g, ' ').trim();
    return `${at + 1}. ${href === null ? name : `[${name}](<${href}>)`}`;
  });
  if (sources.length > 0) blocks.push(`${strings.sources}:`, sources.join('\n'));
  return blocks.filter((block) => block !== '').join('\n\n');
}
