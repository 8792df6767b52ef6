import { expect } from '@esm-bundle/chai';
import { createCodeCard } from '../elements/code-card.ts';
import { safeUrl } from '../elements/message-parts.ts';
import { createPlainText } from '../elements/plain-text.ts';
import { createMarkdown } from '../markdown-part.ts';

const LABELS = { copyLabel: 'Copy', codeLabel: 'code' };
const TABLE = '| a | b |\n|---|---|\n| 1 | 2 |\n';

function open(): { host: HTMLElement; update(text: string, done: boolean): void } {
  const host = document.body.appendChild(document.createElement('div'));
  const markdown = createMarkdown(host, {
    allowImages: false,
    createCodeCard: (language) => createCodeCard(language, LABELS),
    createPlainText: (host) => createPlainText(host, LABELS),
    safeUrl,
    pauseMs: 0,
  });
  return { host, update: (text, done) => void markdown.update(text, done) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('rarer marks', () => {
  it('keep what is drawn until the part that reads them has come, and are drawn at once as what they are', async () => {
    const { host, update } = open();
    update('Some **words**.\n\n', false);
    const [paragraph] = host.children;
    expect(paragraph?.innerHTML).to.equal('Some <strong>words</strong>.');
    const seen = new Set<string>();
    const observer = new MutationObserver(() => seen.add([...host.children].map(({ localName }) => localName).join()));
    observer.observe(host, { childList: true, subtree: true, characterData: true });
    update(`Some **words**.\n\n${TABLE}`, false);
    expect(host.childElementCount).to.equal(1);
    update(`Some **words**.\n\n${TABLE}\nMore.`, true);
    await until(() => host.childElementCount > 1);
    observer.disconnect();
    expect(host.children[0]).to.equal(paragraph);
    expect([...seen]).to.deep.equal(['p,div,p']);
    expect(host.querySelectorAll('td')).to.have.length(2);
  });

  it('are drawn without waiting once it is there', () => {
    const { host, update } = open();
    update(TABLE, true);
    expect(host.querySelectorAll('td')).to.have.length(2);
  });
});
