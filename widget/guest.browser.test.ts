import { expect } from '@esm-bundle/chai';
import { emulateMedia, sendKeys } from '@web/test-runner-commands';
import { addChatFor } from './loader/script-tag.ts';
import { finishAnimations, mount, unmountAll, type Mounted } from './testing/mount.ts';
import { answer, prompt, text } from './testing/views.ts';

function focused({ chat }: Mounted): string | undefined {
  return chat.shadowRoot?.activeElement?.localName;
}

describe('a guest on the page', () => {
  afterEach(async () => {
    unmountAll();
    await emulateMedia({ reducedMotion: 'no-preference' });
  });

  it('the launcher stays above what the page raises', async () => {
    const banner = document.body.appendChild(document.createElement('div'));
    banner.style.cssText = 'position:fixed;inset:0;z-index:99999';
    const { chat, find } = await mount({ mode: 'floating' });
    const box = find('.launcher').getBoundingClientRect();
    expect(document.elementFromPoint(box.x + 20, box.y + 20)).to.equal(chat);
    banner.remove();
  });

  it('private custom properties of the page do not get in', async () => {
    const { style } = document.documentElement;
    for (const name of ['top', 'left', 'accent-attribute'])
      style.setProperty(`--_${name}`, name[0] === 'a' ? 'red' : '3px');
    const { find } = await mount({ mode: 'floating', position: 'bottom-right' });
    const { right, bottom } = find('.launcher').getBoundingClientRect();
    const { backgroundColor } = getComputedStyle(find('.launcher'));
    style.cssText = '';
    expect([innerWidth - right, innerHeight - bottom]).to.deep.equal([20, 20]);
    expect(backgroundColor).not.to.equal('rgb(255, 0, 0)');
  });

  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    it(`the field has the focus at each opening (motion: ${reducedMotion})`, async () => {
      await emulateMedia({ reducedMotion });
      const mounted = await mount({ mode: 'floating' });
      const { chat, find, settled } = mounted;
      const ways: Record<string, () => Promise<void> | void> = {
        click: () => find('.launcher').click(),
        Enter: () => sendKeys({ press: 'Enter' }),
        Space: () => sendKeys({ press: 'Space' }),
        'show()': () => chat.show(),
      };
      for (const [way, open] of [...Object.entries(ways), ...Object.entries(ways)]) {
        find('.launcher').focus();
        await open();
        await settled();
        expect([way, chat.open, focused(mounted)]).to.deep.equal([way, true, 'textarea']);
        finishAnimations(mounted);
        chat.hide();
        await settled();
        finishAnimations(mounted);
        await settled();
      }
    });
  }

  it('an Escape that ends a composition does not close the panel', async () => {
    const { chat, field } = await mount({ mode: 'floating', open: '' });
    const escape = { key: 'Escape', bubbles: true, composed: true, cancelable: true };
    field().dispatchEvent(new KeyboardEvent('keydown', { ...escape, keyCode: 229 }));
    field().dispatchEvent(new KeyboardEvent('keydown', { ...escape, isComposing: true }));
    expect(chat.open).to.equal(true);
    field().dispatchEvent(new KeyboardEvent('keydown', escape));
    expect(chat.open).to.equal(false);
  });

  it('what is typed in a field is the chat’s own: the page’s handlers neither see it nor prevent it', async () => {
    const seen: string[] = [];
    const onEvent = (event: Event): void => {
      seen.push(event instanceof KeyboardEvent ? `${event.type} ${event.key}` : event.type);
      event.preventDefault();
    };
    const types = ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'copy', 'cut', 'paste'];
    for (const type of types) document.addEventListener(type, onEvent);
    try {
      const { field } = await mount();
      field().focus();
      await sendKeys({ type: 's?/' });
      for (const type of ['copy', 'cut', 'paste'])
        field().dispatchEvent(new ClipboardEvent(type, { bubbles: true, composed: true, cancelable: true }));
      expect(field().value).to.equal('s?/');
      expect(seen).to.deep.equal([]);
      // A dialog of the page closes by the one, and keeps the focus inside by the other.
      await sendKeys({ press: 'Escape' });
      await sendKeys({ press: 'Tab' });
      expect(seen).to.include.members(['keydown Escape', 'keydown Tab']);
    } finally {
      for (const type of types) document.removeEventListener(type, onEvent);
    }
  });

  it('a selection over a code card takes the code, and not its caption', async () => {
    const content = 'Before\n\n```js\nlet a = 1;\n```\n\nAfter';
    const { find, findAll, settled } = await mount(
      {},
      { messages: [prompt('u1', 'How?'), answer('r1', [text(content)], 'completed')] },
    );
    while (findAll('.code-card').length === 0) await settled();
    getSelection()?.selectAllChildren(find('rc-text'));
    const selected = getSelection()?.toString().replace(/\s+/g, ' ').trim();
    getSelection()?.removeAllRanges();
    expect(selected).to.equal('Before let a = 1; After');
  });

  it('the script tag’s chat comes along when the body is replaced, and stays away when it is removed', async () => {
    const tag = document.createElement('script');
    tag.src = new URL('/nowhere/widget.js', location.href).href;
    tag.dataset['chat'] = '';
    addChatFor(tag);
    const [chat] = document.querySelectorAll('resumable-chat');
    const own = document.body;
    const swap = async (body: HTMLElement): Promise<Element[]> => {
      document.documentElement.replaceChild(body, document.body);
      await new Promise((resolve) => setTimeout(resolve));
      return [...document.querySelectorAll('resumable-chat')];
    };
    try {
      expect(await swap(document.createElement('body'))).to.deep.equal([chat]);
      // A page that was kept for the way back has a copy of the chat in it.
      expect(await swap(document.body.cloneNode(true) as HTMLElement)).to.deep.equal([chat]);
      chat?.remove();
      expect(await swap(document.createElement('body'))).to.deep.equal([]);
    } finally {
      chat?.remove();
      await swap(own);
    }
  });

  it('on paper a floating chat is not there, and one in the page is there whole', async () => {
    const many = Array.from({ length: 80 }, (_, line) => `Line ${line}`).join('\n\n');
    const view = { messages: [prompt('u1', 'Count'), answer('r1', [text(many)], 'completed')] };
    const floating = await mount({ mode: 'floating', open: '' });
    const inline = await mount({}, view);
    await inline.settled();
    await emulateMedia({ media: 'print' });
    try {
      for (const selector of ['.launcher', '.panel'])
        expect(floating.find(selector).checkVisibility(), selector).to.equal(false);
      const { scrollHeight, clientHeight } = inline.find('.messages');
      expect(scrollHeight).to.equal(clientHeight);
      expect(clientHeight).to.be.above(1500);
      expect(inline.chat.getBoundingClientRect().height).to.be.at.least(clientHeight);
      expect(inline.find('rc-composer').checkVisibility()).to.equal(false);
    } finally {
      await emulateMedia({ media: 'screen' });
    }
  });
});
