import { expect } from '@esm-bundle/chai';
import { mount, unmountAll } from '../testing/mount.ts';
import { answer, prompt, text } from '../testing/views.ts';

// In a file of its own: it is the first text of its page, for which nothing has been loaded yet.
describe('citations in the first answer of a page', () => {
  afterEach(unmountAll);

  it('are marked, though markdown is loaded after them', async () => {
    const parts = [
      text('Three hours [1].'),
      { type: 'source-url', sourceId: 's1', url: 'https://example.com/day', title: 'Day length' } as const,
    ];
    const { findAll, settled } = await mount(
      {},
      { messages: [prompt('u1', 'How long?'), answer('r1', parts, 'completed')] },
    );
    while (findAll('rc-text a').length === 0) await settled();
    await settled();
    expect(findAll('rc-text a').map(({ className, ariaLabel }) => [className, ariaLabel])).to.deep.equal([
      ['citation', 'Source 1: Day length'],
    ]);
  });
});
