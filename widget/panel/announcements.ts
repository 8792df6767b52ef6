import type { ChatMessage } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { readTexts } from '../message-text.ts';
import { describeFailure } from './notice.ts';
import { readAloud } from './read-aloud.ts';

/** Characters of an answer that are read out; the rest is there to be read. */
const SPOKEN_LIMIT = 1200;

/** An answer as it is read out: its words, and how it ended if it did not end well. */
export function readAnswerAloud(message: ChatMessage, strings: Strings): string {
  const text = readTexts(message.parts).join('\n');
  const spoken = readAloud(text.slice(0, SPOKEN_LIMIT)) + (text.length > SPOKEN_LIMIT ? '…' : '');
  return [spoken, describeEnd(message, strings)].filter((part) => part !== '').join('\n');
}

function describeEnd({ metadata }: ChatMessage, strings: Strings): string {
  const { run } = metadata ?? {};
  if (run?.status === 'failed') return describeFailure(run.problem, strings);
  return run?.status === 'cancelled' ? strings.stopped : '';
}
