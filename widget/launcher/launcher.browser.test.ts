import { expect } from '@esm-bundle/chai';
import { findViolations } from '../testing/axe.ts';
import { mount, unmountAll } from '../testing/mount.ts';
import { answer, prompt, text } from '../testing/views.ts';

describe('the launcher', () => {
  afterEach(unmountAll);

  it('counts the answers that nobody has looked at, until the panel is opened', async () => {
    const { chat, find, findAll, session, settled } = await mount({ mode: 'floating' }, {});
    // As the page asks, while the panel is closed.
    await chat.send('Hello');
    const messages = [prompt('u1', 'Hello')];
    const counts: string[] = [];
    for (let n = 1; n <= 11; n += 1) {
      messages.push(answer(`r${n}`, [text('Yes.')], 'completed'));
      session.set({ messages: [...messages] });
      await settled();
      counts.push(find('.badge').dataset['count'] ?? '');
    }
    expect(counts).to.deep.equal(['1', '2', '3', '4', '5', '6', '7', '8', '9', '9+', '9+']);
    expect(find('.launcher').getAttribute('aria-description')).to.equal('11 new answers are waiting');
    expect(await findViolations(chat)).to.deep.equal([]);
    chat.show();
    await settled();
    expect(findAll('.badge')).to.have.length(0);
    chat.hide();
    await settled();
    expect(findAll('.badge')).to.have.length(0);
  });
});
