import { composeAnswer } from './answers.ts';
import { composeHelp, composeThoughts, MARKDOWN_SHOW } from './command-texts.ts';
import { composeLongAnswer, MAX_LONG_TOKENS } from './long-answer.ts';
import { toTokens } from './pace.ts';
import { createRandom, hashText, type Random } from './random.ts';
import type { Conversation } from './read-prompt.ts';
import { readTopic } from './topic.ts';

/** One thing that the demo model does in its answer. */
export type Scene =
  | { kind: 'text'; tokens: Iterable<string> }
  | { kind: 'reasoning'; tokens: Iterable<string> }
  | { kind: 'tool-call'; toolName: string; input: string }
  /** Falls silent without ending. */
  | { kind: 'stall' }
  /** Reports an error within the stream, as providers do. */
  | { kind: 'error' };

/** An answer of the demo model. */
export interface Script {
  scenes: Scene[];
  /** True when the prompt asked for a length: `maxOutputTokens` does not cut such an answer. */
  unbounded: boolean;
}

/** Writes the answer to the last prompt: the same one for the same conversation. */
export function writeScript(conversation: Conversation): Script {
  const prompt = conversation.prompts.at(-1) ?? '';
  const earlier = conversation.prompts.slice(0, -1);
  const random = createRandom(hashText(`${earlier.length}:${prompt}`));
  const answer = (kind?: 'code' | 'compare' | 'story', text = prompt): Iterable<string> => {
    const topic = readTopic(text, earlier);
    return toTokens(composeAnswer(kind ? { ...topic, kind } : topic, random, earlier.length > 0));
  };
  const say = (...scenes: Scene[]): Script => ({ scenes, unbounded: false });
  const text = (value: string): Scene => ({ kind: 'text', tokens: toTokens(value) });

  const [, command, rest = ''] = /^\s*\/([a-z]+)(?:\s+([^]*))?$/i.exec(prompt) ?? [];
  switch (command?.toLowerCase()) {
    case undefined: {
      const [, words] = /\bin (?:about )?(\d[\d,.]{0,6}) words\b/i.exec(prompt) ?? [];
      if (words !== undefined) return sayAtLength(words, random);
      return conversation.toolResults.length > 0
        ? say(text(sayResult(conversation)))
        : say({ kind: 'text', tokens: answer() });
    }
    case 'help':
      return say(text(composeHelp()));
    case 'long':
      return sayAtLength(rest, random);
    case 'think':
      return say(
        { kind: 'reasoning', tokens: toTokens(composeThoughts(rest)) },
        { kind: 'text', tokens: answer(undefined, rest) },
      );
    case 'code':
      return say({ kind: 'text', tokens: answer('code', rest) });
    case 'table':
      return say({ kind: 'text', tokens: answer('compare', rest) });
    case 'story':
      return say({ kind: 'text', tokens: answer('story', rest) });
    case 'markdown':
      return say(text(MARKDOWN_SHOW));
    case 'tool':
      return callTool(conversation, rest);
    case 'error':
      return say(
        text('Let me think about that. The first thing to know is that **this answer will not end well**, because'),
        { kind: 'error' },
      );
    case 'stall':
      return say(text('One moment, I nearly have it. The answer to that is'), { kind: 'stall' });
    case 'empty':
      return say();
    default:
      return say(text(`I know no command \`/${command}\`.\n\n${composeHelp()}`));
  }
}

function sayAtLength(length: string, random: Random): Script {
  const asked = Number.parseInt(length.replaceAll(/[,_. ]/g, ''), 10);
  const tokens = Math.min(MAX_LONG_TOKENS, Math.max(1, Number.isNaN(asked) ? 1000 : asked));
  return { scenes: [{ kind: 'text', tokens: composeLongAnswer(tokens, random) }], unbounded: true };
}

function callTool({ tools, toolResults }: Conversation, rest: string): Script {
  const say = (value: string): Script => ({ scenes: [{ kind: 'text', tokens: toTokens(value) }], unbounded: false });
  if (toolResults.length > 0) return say(sayResult({ toolResults }));
  const [, name, json] = /^\s*([\w-]*)\s*(\{[^]*\})?\s*$/.exec(rest) ?? [];
  const toolName = tools.find((tool) => tool === name) ?? (name ? undefined : tools[0]);
  if (toolName === undefined) {
    return say(
      tools.length === 0
        ? 'This relay has no tools. Its operator can add some with `createRelay({ tools })`.\n'
        : `There is no such tool. I may call: ${tools.map((tool) => `\`${tool}\``).join(', ')}.\n`,
    );
  }
  const scenes: Scene[] = [
    { kind: 'text', tokens: toTokens(`I will ask the tool \`${toolName}\`.\n`) },
    { kind: 'tool-call', toolName, input: json ?? '{}' },
  ];
  return { scenes, unbounded: false };
}

function sayResult({ toolResults }: Pick<Conversation, 'toolResults'>): string {
  return `The tool has answered:\n\n\`\`\`json\n${toolResults.at(-1) ?? 'null'}\n\`\`\`\n\nThat is all I needed to know.\n`;
}
