import { expect } from '@esm-bundle/chai';
import { sendKeys } from '@web/test-runner-commands';
import type { ChatPart } from '#shared/protocol.ts';
import { findViolations } from '../testing/axe.ts';
import { mount, unmountAll, type Mounted } from '../testing/mount.ts';
import { answer, prompt, text, VIEWS } from '../testing/views.ts';

type Reasoning = Extract<ChatPart, { type: 'reasoning' }>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const thoughts = (content: string, state: 'streaming' | 'done'): Reasoning => ({
  type: 'reasoning',
  text: content,
  state,
});
const streaming = (...parts: ChatPart[]) => ({
  status: 'streaming' as const,
  run: { runId: 'r1', messageId: 'r1', status: 'started' as const, attempt: 1 },
  messages: [prompt('u1', 'Why?'), answer('r1', parts, 'started')],
});
const done = (...parts: ChatPart[]) => ({
  status: 'idle' as const,
  run: null,
  messages: [prompt('u1', 'Why?'), answer('r1', parts, 'completed')],
});

/** The part that draws these is fetched when the first of them is met, and markdown after it. */
async function mountWith(view: object, ready = '.sources, .step, .reasoning', attributes = {}): Promise<Mounted> {
  const mounted = await mount(attributes, view);
  for (let tries = 0; tries < 100 && mounted.findAll(ready).length === 0; tries += 1) await pause(20);
  await mounted.settled();
  return mounted;
}

describe('thoughts', () => {
  afterEach(unmountAll);

  it('are folded, and show how long they have taken so far and in the end', async () => {
    const { find, findAll, session, settled } = await mountWith(streaming(thoughts('Hm', 'streaming')));
    const label = (): string => find('.reasoning summary').textContent;
    expect(label()).to.equal('Thinking');
    expect(find('.reasoning').hasAttribute('open')).to.equal(false);
    await pause(2_100);
    expect(label()).to.match(/^Thinking for [23] s$/);
    session.set(done(thoughts('Hm, yes.', 'done'), text('Because.')));
    await settled();
    expect(label()).to.match(/^Thought for [234] s$/);
    await pause(1_100);
    const told = label();
    session.set(done(thoughts('Hm, yes.', 'done'), text('Because.')));
    await settled();
    expect(label()).to.equal(told);
    // What nobody looks at is not drawn.
    expect(findAll('.reasoning rc-text')).to.have.length(0);
  });

  it('unfold by keyboard, and continue while unfolded', async () => {
    const { find, session, settled } = await mountWith(streaming(thoughts('First *this*', 'streaming')));
    find('.reasoning summary').focus();
    await sendKeys({ press: 'Enter' });
    await pause(50);
    expect(find('.reasoning rc-text').textContent).to.contain('First this');
    session.set(streaming(thoughts('First *this*, then that.', 'streaming')));
    // The machine may be busy: a draw that took long has the next one wait.
    while (!find('.reasoning rc-text').textContent.includes('then')) await settled();
    expect(find('.reasoning rc-text').textContent).to.contain('First this, then that.');
  });

  it('show no time when their beginning was not seen', async () => {
    const restored = await mountWith(done(thoughts('Long ago.', 'done'), text('Because.')));
    expect(restored.find('.reasoning summary').textContent).to.equal('Thoughts');
    unmountAll();
    const joined = await mountWith(streaming(thoughts('x'.repeat(500), 'streaming')));
    await pause(1_200);
    expect(joined.find('.reasoning summary').textContent).to.equal('Thinking');
    joined.session.set(done(thoughts('x'.repeat(600), 'done')));
    await joined.settled();
    expect(joined.find('.reasoning summary').textContent).to.equal('Thoughts');
  });
});

const CALL = { type: 'dynamic-tool', toolName: 'search_docs', toolCallId: 't1' } as const;

describe('a tool call', () => {
  afterEach(unmountAll);

  it('shows what it does, and its outcome', async () => {
    const input = { query: 'ttl' };
    const { find, session, settled } = await mountWith(streaming({ ...CALL, state: 'input-available', input }));
    const line = (): string[] => [find('.step').className, find('.step-line').innerText.trim()];
    expect(line()).to.deep.equal(['step running', 'Using search docs']);
    session.set(streaming({ ...CALL, state: 'output-available', input, output: 'found' }));
    await settled();
    expect(line()).to.deep.equal(['step done', 'Used search docs']);
    session.set(streaming({ ...CALL, state: 'output-error', input, errorText: 'no' }));
    await settled();
    expect(line()).to.deep.equal(['step failed', 'search docs did not work']);
  });

  it('shows its input and output, folded, as text only', async () => {
    const trap = '<img src=x onerror="window.trapped = true"><script>window.trapped = true</script>';
    const parts: ChatPart[] = [
      { ...CALL, state: 'output-available', input: { query: trap, deep: [1, { a: null }] }, output: trap },
      { type: 'tool-lookup', toolCallId: 't2', state: 'output-error', input: {}, errorText: trap },
    ];
    const { find, findAll } = await mountWith(done(...parts));
    const [first] = findAll('.step');
    expect(first?.hasAttribute('open')).to.equal(false);
    find('.step.done summary').focus();
    await sendKeys({ press: 'Space' });
    expect(first?.hasAttribute('open')).to.equal(true);
    const [input, output, error] = findAll('.step pre').map(({ textContent }) => textContent);
    expect(JSON.parse(input ?? '')).to.deep.equal({ query: trap, deep: [1, { a: null }] });
    expect([output, error]).to.deep.equal([trap, trap]);
    expect(findAll('.step img, .step script')).to.have.length(0);
    expect('trapped' in window).to.equal(false);
    // An input of nothing is none.
    expect(findAll('.step.failed pre')).to.have.length(1);
  });

  it('is cut when its output is long, and cannot be unfolded without anything to show', async () => {
    const { findAll } = await mountWith(
      done(
        { ...CALL, state: 'output-available', input: {}, output: 'x'.repeat(1_000_000) },
        { ...CALL, toolCallId: 't2', state: 'input-streaming', input: undefined },
      ),
    );
    expect(findAll('.step pre')[0]?.textContent).to.have.length(10_001);
    expect(findAll('.step').map(({ tagName }) => tagName)).to.deep.equal(['DETAILS', 'DIV']);
  });
});

const SOURCES: ChatPart[] = [
  { type: 'source-url', sourceId: 's1', url: 'https://example.com/docs?a=1&b=<2>', title: 'The docs' },
  { type: 'source-url', sourceId: 's2', url: 'javascript:alert(1)', title: 'A trap' },
  { type: 'source-document', sourceId: 's3', mediaType: 'application/pdf', title: 'A paper' },
  { type: 'source-url', sourceId: 's4', url: 'https://example.org/' },
];

describe('sources', () => {
  afterEach(unmountAll);

  async function drawn(content: string, parts = SOURCES): Promise<Mounted> {
    const mounted = await mountWith(done(text(content), ...parts));
    for (let tries = 0; tries < 100 && mounted.findAll('rc-text a').length === 0; tries += 1) await pause(20);
    return mounted;
  }

  it('are a numbered list with safe links only', async () => {
    const { findAll, find } = await drawn('See [1].');
    expect(find('.sources ol').ariaLabel).to.equal('Sources');
    expect(findAll('.sources li').map(({ innerText }) => innerText)).to.deep.equal([
      'The docs',
      'A trap',
      'A paper',
      'https://example.org/',
    ]);
    expect(findAll('.sources a').map((link) => (link as HTMLAnchorElement).href)).to.deep.equal([
      'https://example.com/docs?a=1&b=%3C2%3E',
      'https://example.org/',
    ]);
    expect(getComputedStyle(find('.sources ol')).listStyleType).to.equal('decimal');
  });

  it('are linked from numbers in brackets in the text, except in code', async () => {
    const { findAll, find } = await drawn(
      'One [1], a trap [2], a paper [3], both [1][4] and [9].\n\n- in a list [4]\n\n`[1]`',
    );
    const links = findAll('rc-text a.citation') as HTMLAnchorElement[];
    expect(links.map(({ ariaLabel }) => ariaLabel)).to.deep.equal([
      'Source 1: The docs',
      'Source 1: The docs',
      'Source 4: https://example.org/',
      'Source 4: https://example.org/',
    ]);
    expect(links[0]?.rel).to.contain('noopener');
    expect(find('rc-text').textContent).to.contain('a trap [2], a paper [3]');
    expect(find('rc-text').textContent).to.not.contain('https://');
    expect(find('rc-text code').textContent).to.equal('[1]');
  });

  it('become links in drawn text when the answer is done', async () => {
    const mounted = await mountWith(streaming(text('As said [1].\n\nAnd more', 'streaming'), ...SOURCES));
    for (let tries = 0; tries < 100 && mounted.findAll('rc-text p').length < 2; tries += 1) await pause(20);
    expect(mounted.findAll('rc-text a')).to.have.length(0);
    mounted.session.set(done(text('As said [1].\n\nAnd more [4].'), ...SOURCES));
    await mounted.settled();
    expect(mounted.findAll('rc-text a.citation').map(({ textContent }) => textContent)).to.deep.equal(['1', '4']);
  });

  it('leave an answer unchanged that ends within a code block or defines the links itself', async () => {
    const fenced = await mountWith(done(text('See [1]\n\n```\nopen [1]'), ...SOURCES));
    await pause(300);
    expect(fenced.find('rc-text').textContent).to.not.contain('https://');
    unmountAll();
    const own = await drawn('See [1].\n\n[1]: https://example.net/mine');
    expect((own.find('rc-text a') as HTMLAnchorElement).href).to.equal('https://example.net/mine');
    expect(own.findAll('a.citation')).to.have.length(0);
  });
});

describe('links and files', () => {
  afterEach(unmountAll);

  it('open elsewhere and tell the other side nothing', async () => {
    const { findAll } = await mountWith(VIEWS.parts, '.sources a');
    const links = findAll('a') as HTMLAnchorElement[];
    expect(links.map(({ rel, target, textContent }) => [textContent, rel, target])).to.deep.equal([
      ['a.png', 'noopener noreferrer nofollow', '_blank'],
      ['The docs', 'noopener noreferrer nofollow', '_blank'],
    ]);
  });
});

describe('thoughts, tool calls and sources', () => {
  afterEach(unmountAll);

  it('axe finds nothing, folded and unfolded, in light and dark, left to right and right to left', async () => {
    for (const theme of ['light', 'dark']) {
      for (const dir of ['ltr', 'rtl']) {
        const { chat, findAll } = await mountWith(VIEWS.parts, '.sources', { theme, dir });
        expect(await findViolations(chat)).to.deep.equal([]);
        for (const details of findAll('details')) details.setAttribute('open', '');
        await pause(100);
        expect(await findViolations(chat)).to.deep.equal([]);
        chat.remove();
      }
    }
  });
});

describe('saving the conversation', () => {
  afterEach(unmountAll);

  it('writes who said what, how each answer ended, and the sources', async () => {
    const { chat } = await mount(
      { heading: 'Ask us' },
      {
        messages: [
          prompt('u1', 'What is it?'),
          answer('r1', [thoughts('secret', 'done'), text('A *thing* [1].'), ...SOURCES.slice(0, 2)], 'completed'),
          prompt('u2', 'Go on'),
          answer('r2', [text('It is')], 'cancelled'),
          prompt('u3', 'And?'),
          answer('r3', [], 'failed'),
        ],
      },
    );
    expect(await chat.exportMarkdown()).to.equal(
      [
        '# Ask us',
        '## Your message',
        'What is it?',
        '## Answer',
        'A *thing* [1].',
        'Sources:',
        '1. [The docs](<https://example.com/docs?a=1&b=%3C2%3E>)\n2. A trap',
        '## Your message',
        'Go on',
        '## Answer',
        'It is',
        '*Stopped*',
        '## Your message',
        'And?',
        '## Answer',
        '*The answer could not be written.*\n',
      ].join('\n\n'),
    );
  });

  it('is a button in the header once there is something to save, and downloads a file', async () => {
    const empty = await mount({}, {});
    expect(empty.findAll('[part~="export-button"]')).to.have.length(0);
    unmountAll();

    const { chat, button, find } = await mount({}, VIEWS.completed);
    const saved: { name: string; href: string }[] = [];
    const { click } = HTMLAnchorElement.prototype;
    HTMLAnchorElement.prototype.click = function noteClick(this: HTMLAnchorElement): void {
      saved.push({ name: this.download, href: this.href });
    };
    try {
      button('Save as Markdown').click();
      for (let tries = 0; tries < 100 && saved.length === 0; tries += 1) await pause(20);
    } finally {
      HTMLAnchorElement.prototype.click = click;
    }
    expect(saved[0]?.name).to.match(/^chat-\d{4}-\d\d-\d\d\.md$/);
    const file = await (await fetch(saved[0]?.href ?? '')).text();
    expect(file).to.equal(await chat.exportMarkdown());
    await pause(50);
    expect(find('[role="status"]').textContent).to.equal('The conversation was saved.');
  });
});
