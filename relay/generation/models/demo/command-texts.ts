import { MAX_LONG_TOKENS } from './long-answer.ts';
import { readTopic } from './topic.ts';

/** Every command, with its meaning as `/help` gives it. */
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

/** Reasoning that may come before an answer to the prompt. */
export function composeThoughts(prompt: string): string {
  const { name } = readTopic(prompt);
  return `The visitor asks about ${name}. First I should find out what they already know, then what they want to do with it. A short overview serves most people; an example serves the rest. I will give both, the overview first.`;
}

/** The answer to `/help`. */
export function composeHelp(): string {
  const rows = COMMANDS.map(([usage, meaning]) => `| \`${usage}\` | ${meaning} |`);
  return `## What I can do

I am the demo model: I need no key, and I make my answers up. Ask me anything, or type a command:

| Command | What it does |
|---|---|
${rows.join('\n')}

**Worth a try:** send \`/long 2000\`, then reload the page, close the tab, or stop the relay. The answer goes on where you left it.
`;
}

/** The answer to `/markdown`: everything that the chat can draw. */
export const MARKDOWN_SHOW = `# Heading one
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
