import { composeAnswer } from './answers.ts';
import { composeLongAnswer, MAX_LONG_TOKENS } from './long-answer.ts';
import { toTokens } from './pace.ts';
import { createRandom, hashText, type Random } from './random.ts';
import { readTopic } from './topic.ts';

/** What the demo model does in one turn, in order. */
export type Scene =
  | { kind: 'text'; tokens: Iterable<string> }
  | { kind: 'reasoning'; tokens: Iterable<string> }
  | { kind: 'tool-call'; toolName: string; input: string }
  /** Says nothing more, and does not end either. */
  | { kind: 'stall' }
  /** Reports an error in the stream, as a provider does. */
  | { kind: 'error' };

export interface Script {
  scenes: Scene[];
  /** It was asked for by its length: the bound on output does not cut it. */
  unbounded: boolean;
}

export interface Conversation {
  /** The visitor's prompts, the oldest first; the last is the one to answer. */
  prompts: readonly string[];
  /** What tools have answered to the last prompt so far, as JSON. */
  toolResults: readonly string[];
  /** Names of the tools that may be called. */
  tools: readonly string[];
}

/** Every command, with what `/help` says about it. */
export const COMMANDS: readonly (readonly [usage: string, meaning: string])[] = [
  ['/help', 'this list'],
  ['/long N', `about N tokens of text (1 to ${MAX_LONG_TOKENS.toLocaleString('en')}; 1,000 when N is left out)`],
  ['/think …', 'shows some reasoning before it answers'],
  ['/code …', 'answers with code'],
  ['/table …', 'answers with a table'],
  ['/story …', 'tells a story'],
  ['/markdown', 'shows all that the chat can draw'],
  ['/tool NAME {…}', 'calls a tool with this JSON, if the relay has tools; the first one when NAME is left out'],
  ['/error', 'fails in the middle of its answer'],
  ['/stall', 'falls silent in the middle of its answer'],
  ['/empty', 'ends without having said anything'],
];

/** What the demo answers: the same for the same conversation. */
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
        ? 'This relay has no tools. Who runs it can hand some to `createRelay({ tools })`.\n'
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

function composeThoughts(prompt: string): string {
  const { name } = readTopic(prompt);
  return `The visitor asks about ${name}. First I should find out what they already know, then what they want to do with it. A short overview serves most people; an example serves the rest. I will give both, the overview first.`;
}

function composeHelp(): string {
  const rows = COMMANDS.map(([usage, meaning]) => `| \`${usage}\` | ${meaning} |`);
  return `## What I can do

I am the demo model: I need no key, and I make my answers up. Ask me anything, or type a command:

| Command | What it does |
|---|---|
${rows.join('\n')}

**Worth a try:** send \`/long 2000\`, then reload the page, close the tab, or stop the relay. The answer goes on where you left it.
`;
}

const MARKDOWN_SHOW = `# Heading one
## Heading two
### Heading three

A paragraph with **strong**, *emphasised*, ~~struck~~ and \`inline code\`, and a [link](https://example.com "with a title").
A line that ends with two spaces  
breaks here.

- a list
  - nested
    - deeper
- with \`code\`

1. first
2. second
   1. second, first

- [x] done
- [ ] to do

> A quote
>
> > and one within.

\`\`\`js
const answer = await ask('What is it?'); // 42
\`\`\`

\`\`\`html
<p class="note">Escaped &amp; shown, never run.</p>
\`\`\`

| left | centre | right |
|:---|:---:|---:|
| a | b | 1 |
| longer text | *c* | 1,000 |

---

The end, with a few letters from elsewhere: äöü, 日本語, 🎉.
`;
