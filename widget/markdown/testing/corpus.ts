/** Answers as models write them, each with something that other widgets draw wrongly. */
export const ANSWERS: readonly string[] = [
  `## Setting up the project

First, install the dependencies. You'll need **Node.js 22** or newer — check with \`node --version\`:

\`\`\`bash
npm install
# then
npm run build -- --mode=production
\`\`\`

1. **Configure the environment**: copy \`.env.example\` to \`.env\`.

   \`\`\`ini
   PORT=3000
   DEBUG=*
   \`\`\`

   > **Note:** never commit this file.
2. **Start the server**:
   - in development: \`npm run dev\`
   - in production:
     1. build
     2. \`npm start\`

| Option | Default | Meaning |
|:-------|--------:|:-------:|
| \`--port\` | 3000 | the port \\| socket |
| \`a \\| b\` | **none** | see [the docs](https://example.com/docs_(v2)) |

---

See https://example.com/a_b_c?x=1&y=2, or write to help@example.com. ~~Deprecated~~ *since* v2.`,
  `これは**重要な点：**次のとおりです。**「引用」**は太字です。

- [x] 完了した項目
- [ ] 未完了の*項目*

中文**加粗。**之后继续，以及\`代码\`。`,
  `The quadratic formula is \\(x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}\\), so for $a_1 = 1$ and $b_1 = 2$:

$$
x_1 = \\frac{-2 + \\sqrt{4 - 4c}}{2}
- c
$$

\\[ E = mc^2 \\]

It costs $5 to $10. As said before[^1], see [the proof][proof] and [here].

[^1]: A footnote, with *marks*.

[proof]: https://example.com/proof "The proof"
[here]: <https://example.com/here>`,
  `Here is a function:

\`\`\`\`markdown
\`\`\`js
const nested = true;
\`\`\`
\`\`\`\`

- one

- two with \`\`code with \` tick\`\`
  continued here
    - deep
      | a | b |
      |---|---|
      | 1 | 2 |

Heading below
---
> quote one
> > deeper
lazy line

![a chart](https://example.com/chart.png) and ![](x) and [bad](javascript:alert(1)) <b>raw</b>

\`\`\`python
def unfinished():
    return 1`,
];

/** The elements of answers, each by itself; nothing in them is left open or defined later. */
export const PARTS: Readonly<Record<string, string>> = {
  'lists with quotes, tables and code in them':
    '- a\n  > quote **bold**\n  >\n  > | x | y |\n  > |---|---|\n  > | `a` | 2 |\n\n  ```js\n  let a = 1;\n  ```\n- b\n  1. c\n  2. d\n\n     more\n',
  'tables with bars in their cells':
    '| Op | Meaning |\n|----|---------|\n| `a \\| b` | or |\n| a \\| b | **x \\| y** |\n| `c|d` | <br>two |\n\nEnd.\n',
  'a table without bars around it': 'Name | Value\n--- | ---\nfoo | bar\nbaz | `q`\n\nAfter.\n',
  'emphasis beside punctuation':
    'He said **"hello"**, *then* **left**. (**bold**) **bold**: x. __init__ and snake_case, 2*3*4, ***both*** _it_.',
  'emphasis without spaces':
    '这是**“重点”**，以及*斜体*文字。**注意：**请看。日本語**「強調」**です。한국어**강조**입니다.',
  'links with brackets':
    'See [wiki](https://en.wikipedia.org/wiki/A_(b)) and [x](<https://a.b/c d> "t (x)") and [a [nested] b](https://x.y), [[1]](https://a.b).',
  'images, linked ones too': 'Look: ![alt text](https://a.b/c.png "t")! Or [![badge](https://a.b/b.svg)](https://a.b).',
  'links whose address comes last':
    'See [the **docs**][docs] and [文書][2], not list[0][1] or [a few][none].\n\nMore.\n\n[docs]: https://a.b "t"\n[2]: https://c.d\n[none]: https://e.f\n',
  'brackets that are no links': 'As said [1], [2][3] and [12]. Take row[i][0].\n\n> [!NOTE]\n> Mind **this**.\n',
  'tags and escapes in and beside code': 'Use `<div>` or `<img src="x">` and `&nbsp;`, \\*not\\* this, \\_nor\\_ that.',
  'numbers that start anywhere': 'Steps:\n\n5. five\n6. six\n\n0. zero\n',
  'code in lists': '1. a\n\n   ```sh\n   npm i\n   ```\n2. b\n   - c\n     - d\n3. e\n',
  'code that is never closed': 'Text\n\n```py\nprint(1)\n\n# comment\n- no list\n',
  'a number after code': 'Text\n\n```py\nprint(1)\n```\n\n1. one\n',
  'tasks and what is struck out': '- [ ] todo **x**\n- [x] done ~~gone~~\n  - [X] sub ~~**x**~~\n',
  addresses:
    'See https://example.com/path?a=b&c=d_e_f. And <https://x.y/z>. Mail me@example.com now, or www.example.com! Look at https://example.com/__init__.py, **https://example.com/_a_/b_** or _https://example.com/x_y_. Or [https://a.b/_c_](https://a.b/c_d_).',
  footnotes: 'Claim[^1] and[^note].\n\n[^1]: First *note*.\n[^note]: Second.\n',
  formulas:
    'Inline $x_1 * y_2$ and \\(a_b * c_d\\) end. \\[ x^2 * y_1 \\]\n\n$$\n\\sum_{i=1}^n x_i\n$$\n\nCost $5 and $10.',
  'headings and rules': 'Title here\n===\n\nSub\n---\n\n# One\n\n## Two **b**\n### Three `c`\ntext\n\n***\n\nc',
  'characters by name, and markup':
    'a &amp; b &copy; &#65; AT&T <b>bold</b> <br> 1 < 2 <!-- c -->\n\n<div>\nblock\n</div>\n',
  'terms in lists': '- **Term**: meaning\n- **Other**: `x` [l](http://a.b)\n* star\n+ plus\n',
  'marks around links': '**[bold link](https://a.b)** and [**x** `y`](https://a.b/c), ``b ` c``',
  'quotes and breaks': '> a\n> **b\n> c** d\n\n> e  \n> f\\\n> g\n',
};

/** Pieces that random texts are put together from. */
export const PIECES: readonly string[] = [
  ...[
    '*',
    '**',
    '_',
    '~~',
    '`',
    '``',
    '```',
    '~~~',
    '\n',
    '\n\n',
    '\r\n',
    ' ',
    '  ',
    '    ',
    '\t',
    'word',
    'a_b',
    '.',
    '。',
    '漢字',
  ],
  ...[
    '- ',
    '* ',
    '1. ',
    '7) ',
    '> ',
    '# ',
    '---',
    '===',
    '| a | b |\n',
    '|---|---|\n',
    '| ',
    '|',
    ':-',
    '[x] ',
    '[ ] ',
    '[',
    ']',
    '(',
    ')',
  ],
  ...[
    '](',
    '](http://a.b/c)',
    '![',
    '[a]: http://x.y\n',
    '[a]',
    '[^1]',
    '[^1]: note\n',
    '"t"',
    '\\',
    '\\(',
    '\\)',
    '\\[',
    '\\]',
    '$',
    '$$',
    '$$\n',
  ],
  ...['https://a.b/c', 'www.a.b', 'me@a.b', '<', '>', '&amp;', '&', '<b>', '\0', '😀', 'js', '!', '5', '"', "'", ':'],
];

/** Texts of about this many UTF-16 units at which engines have hung, overflowed or dropped text. */
export function hostileTexts(size: number): Record<string, string> {
  const of = (unit: string): string => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
  const units = [
    ...[
      '*',
      '_',
      '`',
      '~',
      '[',
      ']',
      '![',
      '(',
      '<',
      '>',
      '> ',
      '- ',
      '* ',
      '1. ',
      '#',
      '|',
      '$',
      '\\',
      '\\(',
      '\\[',
      '@',
      '&',
      '\n',
      ' ',
      '\t',
    ],
    ...[
      '*a_',
      '**a ',
      '*a **a ',
      '_a __a ',
      'a**b',
      '~~a ',
      '`a``',
      '``` ',
      '[a](',
      '[a](b',
      '[a][',
      '![a](',
      '[a]: b\n',
      '[a]: b ',
      '[](',
      '](',
      '<a',
      '&#',
      '$a ',
      '$$ ',
    ],
    ...[
      'http://',
      'www.a.b',
      'a@b',
      'a@b.c ',
      '(http://a.b)',
      '- a\n',
      '- - a\n',
      '> a\n',
      '> > > a\n',
      '1. a\n',
      '| a ',
      '|a|b|\n|-|-|\n',
      '```\n',
      '~~~\n',
      '    a\n',
      'a\n===\n',
      '\\[a\n',
      '$$\n',
      '[^a]: b\n',
      'word ',
    ],
  ];
  return {
    ...Object.fromEntries(units.map((unit) => [JSON.stringify(unit), of(unit)])),
    'nested lists': Array.from({ length: 250 }, (_, depth) => `${'  '.repeat(depth)}- a`)
      .join('\n')
      .slice(0, size),
    'a table of many columns': `${of('|a').slice(0, size / 2)}\n${of('|-').slice(0, size / 2)}\n`,
    'a long table': `| a | b |\n|---|---|\n${of('| `x` | **y** |\n')}`.slice(0, size),
    'backticks of every length': Array.from({ length: 300 }, (_, length) => '`'.repeat(length + 1))
      .join(' ')
      .slice(0, size),
    'brackets around brackets': '['.repeat(size / 2) + ']'.repeat(size / 2),
    'definitions and uses': of('[a]: b\n\n[a] [b] [c]\n\n'),
  };
}
