import { expect } from '@esm-bundle/chai';
import { sendKeys } from '@web/test-runner-commands';
import { createProblem } from '#shared/problem.ts';
import { findViolations } from '../testing/axe.ts';
import { mount, unmountAll } from '../testing/mount.ts';
import { answer, prompt, text, VIEWS } from '../testing/views.ts';

const TWO_TURNS = {
  messages: [
    prompt('u1', 'First question'),
    answer('r1', [text('First answer.')], 'completed'),
    prompt('u2', 'Second question'),
    answer('r2', [text('Second answer.')], 'cancelled'),
  ],
};

describe('rating an answer', () => {
  afterEach(unmountAll);

  const pressed = (buttons: HTMLElement[]): (string | null)[] => buttons.map(({ ariaPressed }) => ariaPressed);

  it('is a button that stays pressed, by keyboard too, and is read out', async () => {
    const { findAll, find, session, settled } = await mount({}, TWO_TURNS);
    const thumbs = findAll('.rating');
    expect(thumbs.map(({ ariaLabel }) => ariaLabel)).to.deep.equal([
      'Good answer',
      'Bad answer',
      'Good answer',
      'Bad answer',
    ]);
    thumbs[2]?.focus();
    await sendKeys({ press: 'Enter' });
    await settled();
    expect(pressed(thumbs)).to.deep.equal(['false', 'false', 'true', 'false']);
    expect(find('[role="status"]').textContent).to.equal('Thank you for your feedback.');
    await sendKeys({ press: 'Tab' });
    await sendKeys({ press: 'Space' });
    await settled();
    expect(pressed(thumbs)).to.deep.equal(['false', 'false', 'false', 'true']);
    expect(session.calls).to.deep.equal(['open', 'rate r2 up', 'rate r2 down']);
  });

  it('is taken back by pressing the same button again', async () => {
    const { findAll, session, settled } = await mount({}, TWO_TURNS);
    const [up] = findAll('.rating');
    up?.click();
    await settled();
    up?.click();
    await settled();
    expect(pressed(findAll('.rating'))).to.deep.equal(['false', 'false', 'false', 'false']);
    expect(session.calls).to.deep.equal(['open', 'rate r1 up', 'rate r1 null']);
  });

  it('that fails is not thanked for, and the notice says so', async () => {
    const { findAll, find, session, settled } = await mount({}, TWO_TURNS);
    session.keepsRatings = false;
    session.set({ problem: createProblem('internal') });
    findAll('.rating')[0]?.click();
    await settled();
    expect(pressed(findAll('.rating'))).to.deep.equal(['false', 'false', 'false', 'false']);
    expect(find('[role="status"]').textContent).to.equal('That did not work.');
    expect(find('.notice').innerText).to.contain('That did not work.');
  });

  it('of an earlier answer stays in view', async () => {
    const { findAll, settled } = await mount({}, TWO_TURNS);
    findAll('.rating')[0]?.click();
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const actions = findAll('rc-message.answer .actions');
    expect(actions.map((element) => getComputedStyle(element).opacity)).to.deep.equal(['1', '1']);
  });

  it('is offered once an answer has ended, unless the conversation is over or read-only', async () => {
    for (const view of [VIEWS.thinking, VIEWS.streaming, VIEWS.reconnecting, VIEWS.expired]) {
      const { findAll } = await mount({}, view);
      expect(findAll('.rating')).to.have.length(0);
      unmountAll();
    }
    const { findAll } = await mount({}, { ...TWO_TURNS, problem: createProblem('read-only') });
    expect(findAll('.rating')).to.have.length(0);
  });

  it('axe finds nothing in light and dark, left to right and right to left', async () => {
    for (const theme of ['light', 'dark']) {
      for (const dir of ['ltr', 'rtl']) {
        const { chat, findAll, settled } = await mount({ theme, dir }, TWO_TURNS);
        findAll('.rating')[0]?.click();
        await settled();
        expect(await findViolations(chat)).to.deep.equal([]);
        chat.remove();
      }
    }
  });
});
