import { expect } from '@esm-bundle/chai';
import { en } from '../locales/en.ts';
import type { ResumableChat } from '../resumable-chat.ts';
import { ANSWER, type FrameWindow } from '../testing/frame.ts';

/** As the build makes it: these tests are of the file that is served. */
const WIDGET = '/dist/widget/widget.js';
const STRICT = [
  "default-src 'none'",
  `script-src ${location.origin}`,
  `connect-src ${location.origin}`,
  'trusted-types lit-html',
  "require-trusted-types-for 'script'",
].join('; ');

/** A page of its own with this markup, when its scripts have run. */
async function openPage(markup: { head?: string; body?: string; policy?: string }): Promise<FrameWindow> {
  const built = await fetch(WIDGET, { method: 'HEAD' });
  if (!built.ok) throw new Error(`${WIDGET} is not there: run npm run build first`);
  const frame = document.createElement('iframe');
  const policy = markup.policy ? `<meta http-equiv="Content-Security-Policy" content="${markup.policy}">` : '';
  frame.srcdoc = `<!doctype html><html><head>${policy}
    <script type="module" src="/widget/testing/frame.ts"></script>${markup.head ?? ''}</head>
    <body>${markup.body ?? ''}</body></html>`;
  frame.width = '600';
  frame.height = '500';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const page = frame.contentWindow as FrameWindow | null;
  if (!page) throw new Error('the frame has no window');
  await page.customElements.whenDefined('resumable-chat');
  return page;
}

function chats(page: FrameWindow): ResumableChat[] {
  return [...page.document.querySelectorAll('resumable-chat')];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the script tag', () => {
  afterEach(() => {
    for (const frame of document.querySelectorAll('iframe')) frame.remove();
    localStorage.clear();
  });

  for (const kind of ['defer', 'type="module"']) {
    it(`with data-chat (${kind}) adds a chat with the tag’s settings and the script’s origin as relay`, async () => {
      const page = await openPage({
        head: `<script src="${WIDGET}" ${kind} data-chat data-theme="dark" data-heading="Ask us" data-open></script>`,
      });
      const [chat, second] = chats(page);
      expect(second).to.equal(undefined);
      expect([chat?.theme, chat?.heading, chat?.open, chat?.relay]).to.deep.equal([
        'dark',
        'Ask us',
        true,
        location.origin,
      ]);
      expect(page.troubles).to.deep.equal([]);
    });
  }

  it('works in the head, before there is a body', async () => {
    const page = await openPage({ head: `<script src="${WIDGET}" data-chat></script>` });
    expect(chats(page)).to.have.length(1);
    expect(page.troubles).to.deep.equal([]);
  });

  it('works when it is written into the page, is async, or is imported', async () => {
    for (const head of [
      `<script>document.write('<script src="${WIDGET}" data-chat></' + 'script>')</script>`,
      `<script src="${WIDGET}" data-chat async></script>`,
      `<base href="/elsewhere/"><script src="${WIDGET}" data-chat defer></script>`,
    ]) {
      const page = await openPage({ head });
      await until(() => chats(page).length === 1);
      expect(page.troubles).to.deep.equal([]);
    }
    const page = await openPage({
      head: `<script type="module">import('${WIDGET}')</script>`,
      body: '<resumable-chat mode="inline"></resumable-chat>',
    });
    await chats(page)[0]?.send('Hello');
    expect(page.requests[0]).to.equal(`POST ${location.origin}/api/sessions`);
  });

  it('copies no event handlers from the tag', async () => {
    const page = await openPage({ head: `<script src="${WIDGET}" data-chat data-onclick="alert(1)" defer></script>` });
    expect(chats(page)[0]?.hasAttribute('onclick')).to.equal(false);
  });

  it('without data-chat defines the element and adds nothing', async () => {
    const page = await openPage({ head: `<script src="${WIDGET}" defer></script>` });
    expect(chats(page)).to.have.length(0);
  });

  it('is harmless when loaded twice', async () => {
    const tag = (query: string, more: string): string => `<script src="${WIDGET}${query}" data-chat ${more}></script>`;
    const page = await openPage({ head: tag('', 'defer') + tag('', 'defer') + tag('', 'type="module"') });
    expect(chats(page)).to.have.length(1);
    expect(page.troubles).to.deep.equal([]);
    const copies = await openPage({ head: tag('', 'defer') + tag('?copy', 'defer') });
    expect(chats(copies)).to.have.length(1);
    expect(copies.troubles).to.deep.equal([]);
  });

  it('serves an element on the page with the script’s origin as relay', async () => {
    for (const kind of ['defer', 'type="module"']) {
      const page = await openPage({
        head: `<script src="${WIDGET}" ${kind}></script>`,
        body: '<resumable-chat mode="inline"></resumable-chat>',
      });
      const [chat] = chats(page);
      await chat?.send('Hello');
      expect(page.requests[0]).to.equal(`POST ${location.origin}/api/sessions`);
      chat?.newChat();
    }
  });

  it('shows that the panel cannot be loaded, and keeps the chat open', async () => {
    const closed = await openPage({ head: `<script src="${WIDGET}" defer></script>` });
    const loaded = closed.performance.getEntriesByType('resource').map(({ name }) => name);
    const page = await openPage({
      policy: `script-src ${loaded.join(' ')}`,
      head: `<script src="${WIDGET}" data-chat data-open defer></script>`,
    });
    const [chat] = chats(page);
    const alert = (): HTMLElement | null => chat?.shadowRoot?.querySelector<HTMLElement>('[role="alert"]') ?? null;
    await until(() => alert() !== null);
    expect(alert()?.textContent).to.equal(en.unavailableNotice);
    expect(chat?.open).to.equal(true);
    expect(page.troubles.some((trouble) => trouble.includes('panel-'))).to.equal(true);
    chat?.toggle();
    await until(() => alert() === null);
    expect(chat?.shadowRoot?.querySelector('.launcher')).not.to.equal(null);
  });

  it('works under Trusted Types and a policy that allows nothing else', async () => {
    const page = await openPage({
      policy: STRICT,
      head: `<script src="${WIDGET}" data-chat data-open data-accent="#7a1f5c" defer></script>`,
    });
    const [chat] = chats(page);
    if (!chat) throw new Error('no chat was added');
    expect(await chat.send('How do I run it?')).to.equal(true);
    await until(() => chat.messages[1]?.metadata?.run?.status === 'completed');
    // Not as plain text, which it is until the part that draws markdown has come.
    await until(() => chat.shadowRoot?.querySelector('td') != null);
    const tool = chat.messages[1]?.parts.find(({ type }) => type === 'tool-look_up');
    expect(tool && 'state' in tool && tool.state).to.equal('output-available');
    const answer = chat.messages[1]?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
    expect(answer).to.equal(ANSWER);
    const drawn = chat.shadowRoot?.querySelector('rc-message.answer');
    expect(drawn?.querySelector('figure code')?.textContent).to.equal('npm start');
    expect(drawn?.querySelector('img')).to.equal(null);
    expect(drawn?.querySelector('td[align="right"]')?.textContent).to.equal('$2$');
    expect(page.getComputedStyle(chat.shadowRoot?.querySelector('.launcher') as Element).backgroundColor).to.equal(
      'rgb(122, 31, 92)',
    );
    expect(page.troubles).to.deep.equal([]);
  });
});
