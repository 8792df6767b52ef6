import { expect } from '@esm-bundle/chai';
import * as fc from 'fast-check';
import '#scripts/seed-properties.ts';
import type { TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { en } from '../locales/en.ts';
import { mount, unmountAll } from '../testing/mount.ts';
import { answer, prompt, text } from '../testing/views.ts';
import { renderPart, renderPartsBelow } from './index.ts';
import { definePart, type PartContext } from './part-kind.ts';

/** What a faulty or hostile tool, provider or proxy may put where a text should be: any JSON. */
const VALUES: readonly unknown[] = [
  { strings: ['<img src=x onerror="window.trapped = true">'], values: [] },
  { _$litType$: 1, strings: ['<img src=x onerror="window.trapped = true">'], values: [] },
  { _$litType$: 1, strings: { raw: ['<img src=x onerror="window.trapped = true">'] }, values: [] },
  { _$litDirective$: 'x', values: [] },
  { nodeType: 1, nodeName: 'IMG' },
  { toString: 1 },
  { toJSON: 1 },
  { length: 3 },
  [],
  [[[]]],
  [{ nodeType: 1 }],
  null,
  undefined,
  7,
  true,
  '',
  'words',
  '<img src=x onerror="window.trapped = true">',
  'javascript:window.trapped = true',
  'https://example.com/a',
];
const value = fc.constantFrom(...VALUES);
const state = fc.oneof(
  fc.constantFrom('streaming', 'done', 'input-available', 'output-available', 'output-error'),
  value,
);

function partOf(type: string, fields: readonly string[]): fc.Arbitrary<ChatPart> {
  const values = Object.fromEntries(fields.map((name) => [name, name === 'state' ? state : value]));
  return fc.record({ type: fc.constant(type), ...values }) as unknown as fc.Arbitrary<ChatPart>;
}

const CALL = ['toolCallId', 'toolName', 'title', 'state', 'input', 'output', 'errorText'];
const anyPart = fc.oneof(
  partOf('text', ['text', 'state']),
  partOf('reasoning', ['text', 'state']),
  partOf('dynamic-tool', CALL),
  partOf('tool-look_up', CALL),
  partOf('file', ['url', 'mediaType', 'filename']),
  partOf('source-url', ['sourceId', 'url', 'title']),
  partOf('source-document', ['sourceId', 'mediaType', 'title', 'filename']),
  partOf('data-anything', ['id', 'data']),
  partOf('step-start', []),
);

describe('parts with values of the wrong type', () => {
  const troubles: string[] = [];
  const onTrouble = (event: ErrorEvent | PromiseRejectionEvent): void => {
    troubles.push(String('reason' in event ? event.reason : event.message));
  };
  before(() => {
    addEventListener('error', onTrouble);
    addEventListener('unhandledrejection', onTrouble);
  });
  after(() => {
    removeEventListener('error', onTrouble);
    removeEventListener('unhandledrejection', onTrouble);
  });
  afterEach(() => {
    unmountAll();
    troubles.length = 0;
  });

  it('never become HTML, and do not affect the rest of the answer', async () => {
    const { chat, find, findAll, session, settled } = await mount({ 'allow-images': '' });
    await fc.assert(
      fc.asyncProperty(fc.array(anyPart, { minLength: 1, maxLength: 6 }), async (parts) => {
        const own = { ...prompt('u1', 'Why?'), parts: [...parts, text('Why?')] };
        session.set({ messages: [own, answer('r1', [...parts, text('Because.')], 'completed')] });
        await settled();
        expect(find('rc-message.answer').textContent).to.contain('Because.');
        expect(find('rc-message.own').textContent).to.contain('Why?');
        const strange = findAll('rc-message :is(img, script)').filter(
          (element) => !element.matches('img[part="image"]'),
        );
        expect(strange.map(({ outerHTML }) => outerHTML)).to.deep.equal([]);
        expect(await chat.exportMarkdown()).to.contain('Because.');
        expect(troubles).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
    expect('trapped' in window).to.equal(false);
  });

  it('are shown by their valid values, else as a part that could not be shown', async () => {
    const parts = [
      { type: 'text', text: { strings: ['<b>no</b>'], values: [] } },
      { type: 'dynamic-tool', toolCallId: 't1', state: 'output-available', toolName: 7, input: {}, output: 'ok' },
      { type: 'file', url: 'https://example.com/a.png', filename: 'a.png' },
      { type: 'file', url: { href: 'https://example.com' }, mediaType: 'image/png' },
      { type: 'source-document', sourceId: 's1', mediaType: 'x', title: { strings: ['<b>no</b>'], values: [] } },
      { type: 'source-url', sourceId: 's2', url: 'https://example.com/b', title: ['no'] },
    ] as unknown as ChatPart[];
    const { findAll } = await mount({}, { messages: [answer('r1', [...parts, text('Because.')], 'completed')] });
    expect(findAll('rc-message.answer > .note').map(({ textContent }) => textContent)).to.deep.equal(
      Array.from({ length: 3 }, () => en.partNotShown),
    );
    expect(findAll('.file').map(({ textContent }) => textContent)).to.deep.equal(['a.png']);
    expect(findAll('.sources li').map(({ innerText }) => innerText)).to.deep.equal([
      en.partNotShown,
      'https://example.com/b',
    ]);
  });
});

describe('a kind of part that throws', () => {
  const context: PartContext = { strings: en, allowImages: false, citations: null };
  const fail = (): never => {
    throw new Error('a fault of this kind');
  };
  const broken = definePart({
    accepts: (part): part is Extract<ChatPart, { type: 'text' }> => part.type === 'text',
    render: fail,
    renderBelow: fail,
  });

  it('is shown as a part that could not be shown, and logged once', () => {
    const part = text('Hello');
    const logged: unknown[] = [];
    const { error } = console;
    console.error = (...words) => void logged.push(words);
    try {
      for (let draw = 0; draw < 20; draw += 1) {
        const drawn = [renderPart(part, context, [broken]), ...renderPartsBelow([part], context, [broken])];
        expect(
          drawn.map((result) => ('values' in (result as object) ? (result as TemplateResult).values : null)),
        ).to.deep.equal([[en.partNotShown], [en.partNotShown]]);
      }
    } finally {
      console.error = error;
    }
    expect(logged).to.have.length(1);
  });
});
