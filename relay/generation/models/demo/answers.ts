import { CODE_SAMPLES } from './code-samples.ts';
import type { Random } from './random.ts';
import type { Topic } from './topic.ts';

/**
 * The demo model's answer about a topic, in markdown.
 *
 * @param followUp whether something was asked before in the same conversation.
 */
export function composeAnswer(topic: Topic, random: Random, followUp: boolean): string {
  const body = TEMPLATES[topic.kind](topic, random);
  const opening = followUp && topic.kind !== 'thanks' && topic.kind !== 'greeting' ? openFollowUp(topic, random) : '';
  return `${opening}${body.trim()}\n`;
}

const TEMPLATES: Record<Topic['kind'], (topic: Topic, random: Random) => string> = {
  greeting: greet,
  thanks: thank,
  code: writeCode,
  compare,
  steps: walkThrough,
  ideas: collectIdeas,
  story: tellStory,
  explain,
};

function openFollowUp({ name }: Topic, random: Random): string {
  return `${random.pick([
    `Building on what we have so far, here is more on **${name}**.`,
    `Good follow-up. With the earlier answer in mind, **${name}** looks like this:`,
    `Let us go one step further with **${name}**.`,
  ])}\n\n`;
}

function greet(_: Topic, random: Random): string {
  const hello = random.pick(['Hello!', 'Hi there!', 'Hello, good to see you!']);
  return `${hello} I am the **demo model** of this chat. I run inside the relay, need no API key, and make my answers up as I go, so take my facts with a pinch of salt.

Some things that show what I can draw:

- *How do I bake sourdough bread?* for a list of steps
- *Compare tea and coffee* for a table
- *Write a Python script* for code
- \`/long 2000\` for an answer that gives you time to reload the page, pull the plug, or open a second tab

Type \`/help\` for everything else. What would you like to see?`;
}

function thank(_: Topic, random: Random): string {
  return random.pick([
    'You are welcome! Ask away if there is more. :-)',
    'Glad that helped. If you want to see how sturdy this chat is, send `/long 1000` and reload the page half way through.',
    'My pleasure! By the way: this conversation is still here after a reload, and in any other tab.',
  ]);
}

function explain({ name, title }: Topic, random: Random): string {
  const [first, second, third] = random.shuffle([
    ['Purpose', 'what it is for, and whom it serves', 'Ask what would be missing without it'],
    [
      'Structure',
      'the parts it is made of, and how they fit',
      'Draw it; what you cannot draw you have not understood yet',
    ],
    ['Behaviour', 'what it does when all goes well, and when it does not', 'The second half is the interesting one'],
    ['History', 'how it came to be the way it is', 'Many oddities were once good reasons'],
  ] as const);
  const quote = random.pick([
    'Everything should be made as simple as possible, but not simpler.',
    'If you cannot explain it simply, you do not understand it well enough.',
    'The map is not the territory.',
  ]);
  return `## ${title}, in short

The heart of **${name}** is *one* idea that returns in many forms. Once you have seen it, the details fall into place; until then they look like a heap of exceptions.

### Three ways to look at it

1. **${first?.[0]}**: ${first?.[1]}
   - ${first?.[2]}
2. **${second?.[0]}**: ${second?.[1]}
   - ${second?.[2]}
3. **${third?.[0]}**: ${third?.[1]}
   - ${third?.[2]}

> ${quote}

### A rule of thumb

| When you … | look at | and ignore |
|---|---|---|
| begin with ${name} | one small example | the edge cases |
| ${random.pick(['use it each day', 'teach it', 'rely on it'])} | what goes wrong most often | what is merely new |
| disagree about it | the words you both use | who said it first |

So: start small, change one thing at a time, and keep notes. If you tell me which part of **${name}** you care about, I can go deeper.`;
}

function compare({ name, title }: Topic, random: Random): string {
  const words = name.split(' ');
  const left = words[0] ?? 'the first';
  const right = words.length > 1 ? (words.at(-1) ?? 'the second') : 'the alternative';
  const [l, r] = [capital(left), capital(right)];
  const score = () => '★'.repeat(random.between(2, 5)).padEnd(5, '☆');
  return `## ${title}: a comparison

Both have their place. The short version: choose **${left}** for ${random.pick(['speed', 'simplicity', 'a quick start'])}, and **${right}** for ${random.pick(['depth', 'the long run', 'fine control'])}.

| | ${l} | ${r} |
|---|:---:|:---:|
| Easy to begin with | ${score()} | ${score()} |
| Still pleasant after a year | ${score()} | ${score()} |
| Cost | ${random.pick(['low', 'moderate'])} | ${random.pick(['moderate', 'high'])} |
| Room to grow | ${score()} | ${score()} |

### In favour of ${l}

- You see a result on the **first** day
- There is little to learn, and less to forget
- When in doubt, it does the obvious thing

### In favour of ${r}

- It bends further before it breaks
  - odd requirements included
  - and those of next year
- What it does is *explicit*, which helps when something fails

### What I would do

Try ${left} for a week with a real task. If you work around the same thing three times, move to ${right}; the time was not lost, because now you know **why**.`;
}

function walkThrough({ name, title }: Topic, random: Random): string {
  const minutes = random.pick([20, 30, 45, 60]);
  return `# ${title}: step by step

You need about **${minutes} minutes**, and most of that is waiting. Read it once from top to bottom before you start.

### What you need

- a clear place to work
- everything laid out *before* the first step
- someone to ask, or a search engine
  - better: both

### The steps

1. **Decide what done means.** For ${name}, one sentence is enough. Write it down.
2. **Do the smallest version.** Leave out all that is nice to have:
   1. the part that everything else depends on
   2. the part you are least sure about
   3. nothing else
3. **Check it.** Does it do what your sentence says?
4. **Improve one thing**, then check again. Stop when the next improvement would not be noticed.

> **Tip:** ${random.pick([
    'If a step takes twice as long as you thought, stop and ask why. The answer is usually worth more than the step.',
    'Set a timer. It keeps small things small.',
    'Take a photo or a note after each step; going back is then easy.',
  ])}

### If something goes wrong

| You see | It is probably | Do this |
|---|---|---|
| nothing happens | a step was skipped | go back to step 2 |
| it works, but badly | two changes at once | undo the newer one |
| it worked yesterday | something else changed | compare with your notes |

That is all there is to **${name}**; the rest is practice.`;
}

function collectIdeas({ name, title }: Topic, random: Random): string {
  const ideas = random.shuffle([
    ['The quiet one', 'small, cheap, and done by tomorrow'],
    ['The bold one', 'people will talk about it, whichever way it goes'],
    ['The shared one', 'do it with someone who thinks differently'],
    ['The borrowed one', 'take what works somewhere else and move it here'],
    ['The upside-down one', 'what would the opposite look like?'],
    ['The seasonal one', 'tie it to a date, and the date does the reminding'],
    ['The tiny one', 'the whole thing in under five minutes'],
  ] as const);
  const lines = ideas.slice(0, 5).map(([label, text], index) => `${index + 1}. **${label}**: ${text}.`);
  return `## Ideas: ${title}

Here are five directions for **${name}**, from different corners:

${lines.join('\n')}

### How to choose

- [ ] Would you still like it on a rainy Monday?
- [ ] Can you try it without asking for permission?
- [ ] Is there a version that fits into *one* afternoon?

Two ticks are enough. My favourite is **${ideas[0]?.[0].toLowerCase()}**, because the worst that can happen is a good story.`;
}

function tellStory({ name, title }: Topic, random: Random): string {
  const who = random.pick(['a lighthouse keeper', 'a retired postwoman', 'a young clockmaker', 'the last librarian']);
  const place = random.pick(['at the edge of the map', 'on an island with one road', 'above the river mill']);
  return `# ${title}

Once, ${place}, there lived ${who} who had never much cared for *${name}*. People spoke of it on the stairs and in the market, lowered their voices, and changed the subject.

Then came the night of the long rain. The lamps went out one after the other, and in the dark there was a knock.

> "I was told," said the stranger, "that you are the only one who still remembers."

And because it was raining, and because the kettle was on, they told each other everything:

- what they had lost,
- what they had kept,
- and what neither of them had ever said aloud.

By morning the rain had stopped. On the table lay a single page, and on it, in a hand that belonged to neither of them, a title: **${title}**.

---

*The end. Or, as they say ${place}: the beginning of the next one.*`;
}

function writeCode({ name, title, language }: Topic, random: Random): string {
  const sample = CODE_SAMPLES[language];
  const [first, second, third] = sample.notes;
  return `## ${title}

Here is a small, complete starting point for **${name}**:

\`\`\`${sample.language}
${sample.code}
\`\`\`

Run it with:

\`\`\`bash
${sample.run}
\`\`\`

### Why it looks like this

- ${first}.
- ${second}.
- ${third}.

${random.pick([
  'Its settings fit into a few lines of JSON:',
  'If you want to configure it, keep the settings apart from the code:',
])}

\`\`\`json
{
  "name": ${JSON.stringify(name)},
  "retries": ${random.between(2, 5)},
  "verbose": ${random.pick(['true', 'false'])}
}
\`\`\`

Next I would add a test for the case that *fails*; it documents more than the one that works. See [the testing pyramid](https://martinfowler.com/articles/practical-test-pyramid.html) for how much of which kind.`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
