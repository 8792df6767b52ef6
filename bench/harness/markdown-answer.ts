/** An answer as models write it, `length` characters long: sections of prose, lists, code and a table. */
export function writeMarkdown(length: number): string {
  const sections: string[] = [];
  let written = 0;
  for (let at = 0; written < length; at += 1) {
    const section = writeSection(at);
    sections.push(section);
    written += section.length + 2;
  }
  return sections.join('\n\n').slice(0, length);
}

/** Cuts a text into `count` pieces of about the same length. */
export function cutIntoChunks(text: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    text.slice(Math.floor((text.length * at) / count), Math.floor((text.length * (at + 1)) / count)),
  );
}

/** One list, `length` characters long: a block that stays open from its first line to its last. */
export function writeGiantList(length: number): string {
  return repeat(length, (at) => `- item ${at} with **bold** and \`code\`, and [a link](https://example.com/${at})\n`);
}

/** One table, `length` characters long. */
export function writeGiantTable(length: number): string {
  return repeat(length, (at) =>
    at === 0 ? '| a | b | c |\n|---|---|---|\n' : `| row ${at} | **bold** text | \`code\` and more |\n`,
  );
}

function repeat(length: number, line: (at: number) => string): string {
  let text = '';
  for (let at = 0; text.length < length; at += 1) text += line(at);
  return text.slice(0, length);
}

function writeSection(at: number): string {
  return `## Step ${at + 1}: the *next* part

The service reads its settings from **the environment** and from \`config/${at}.json\`; what stands in both is taken from the environment. See [the manual](https://example.com/manual_(v${at})) for the rest, or write to help@example.com.

1. **Install** it: \`npm install --save-exact example@${at}\`.
2. **Start** it, and wait until it says *ready*:
   - in development with \`npm run dev\`
   - in production behind a proxy
     that does not buffer
3. Look at the log.

\`\`\`ts
export async function connect${at}(url: string): Promise<Client> {
  const client = new Client(url, { retries: ${at + 2} });
  await client.open();
  return client;
}
\`\`\`

| Setting | Default | Meaning |
|:--------|--------:|---------|
| \`PORT\` | 300${at % 10} | where it listens |
| \`LOG_LEVEL\` | \`info\` | one of \`debug\`, \`info\`, **\`error\`** |

> **Note:** nothing is sent before the first prompt, and nothing is kept after the last.

Whoever wants to know *why* will find it in the decisions; whoever only wants it to work can go on with the next step, for nothing here has to be changed later.`;
}
