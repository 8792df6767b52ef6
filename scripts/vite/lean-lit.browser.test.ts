import { expect } from '@esm-bundle/chai';
import * as fc from 'fast-check';
import '../seed-properties.ts';
import * as lit from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import * as leanElement from './lean-lit-element.ts';
import * as leanHtml from './lean-lit-html.ts';

/** What templates and elements are written with. */
interface Library {
  html: typeof lit.html;
  svg: typeof lit.svg;
  css: typeof lit.css;
  nothing: typeof lit.nothing;
  keyed: typeof keyed;
  LitElement: typeof lit.LitElement;
}

const REAL: Library = { ...lit, keyed };
const LEAN = { ...leanElement, ...leanHtml } as unknown as Library;

type Host = lit.LitElement & Record<string, unknown>;

let count = 0;
function nextName(): string {
  count += 1;
  return `lean-lit-test-${count}`;
}

afterEach(() => document.body.replaceChildren());

describe('templates in the widget’s build', () => {
  /** A value for a template: a primitive, a template, an array or, as a word, `nothing`. */
  type Value =
    | string
    | number
    | boolean
    | null
    | undefined
    | readonly Value[]
    | { kind: number; a: Value; b: Value; key: number };

  const primitive = fc.constantFrom<Value>(
    'text',
    'more',
    '',
    '<b>&amp;"',
    'NOTHING',
    0,
    7,
    true,
    false,
    null,
    undefined,
  );
  const { value } = fc.letrec<{ value: Value; nested: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      primitive,
      tie('nested'),
      fc.array(tie('value'), { maxLength: 4 }),
    ),
    nested: fc.record({ kind: fc.nat(6), a: tie('value'), b: primitive, key: fc.nat(2) }),
  }));

  /** Tells what was set, and how often. */
  class Held extends HTMLElement {
    readonly log: unknown[] = [];
    set held(held: unknown) {
      this.log.push(held);
    }
  }
  customElements.define('lean-lit-held', Held);

  const OBJECT = {};

  function draw(library: Library, given: Value): unknown {
    const { html, svg, nothing } = library;
    if (given === 'NOTHING') return nothing;
    if (typeof given !== 'object' || given === null) return given;
    if ('length' in given) return given.map((item) => draw(library, item));
    const a = draw(library, given.a);
    // For attributes, where a template means nothing.
    const b = draw(library, given.b);
    const onClick =
      given.key === 0
        ? nothing
        : (event: Event): unknown => (event as CustomEvent<unknown[]>).detail.push(given.key, b);
    switch (given.kind) {
      case 0:
        return html`<p class="x ${b} y ${given.key}" id=${b} title="t ${b}=${b}">${a}</p>`;
      case 1:
        return html`${a}<i ?hidden=${b} @rc-test=${onClick}>${b}</i>${a} tail`;
      case 2:
        return html`<lean-lit-held .held=${b} data-b=${b}></lean-lit-held><lean-lit-held .held=${OBJECT}>${b}</lean-lit-held>`;
      case 3:
        return library.keyed(given.key, html`${a}`);
      case 4:
        return html`<svg viewBox="0 0 1 1">${svg`<path d=${b}></path><g>${given.key}</g>`}</svg>`;
      case 5:
        return [1, 2, given.key].map((key) => library.keyed(key, html`<b title=${key}>${a}</b>`));
      default:
        return html`${a}${b}`;
    }
  }

  /** The nodes below, without the comments by which places are found, each with a number that it keeps. */
  function describeTree(root: Node, numbers: Map<Node, number>, heard: unknown[]): unknown[] {
    return [...root.childNodes]
      .filter(({ nodeType }) => nodeType !== Node.COMMENT_NODE)
      .map((node) => {
        if (!numbers.has(node)) numbers.set(node, numbers.size);
        const number = numbers.get(node);
        if (!(node instanceof Element)) return [number, node.nodeValue];
        node.dispatchEvent(new CustomEvent('rc-test', { detail: heard }));
        const attributes = [...node.attributes].map(({ name, value: text }) => `${name}=${text}`).toSorted();
        const held = node instanceof Held ? [...node.log] : null;
        return [number, node.namespaceURI, node.localName, attributes, held, describeTree(node, numbers, heard)];
      });
  }

  async function drawAll(library: Library, values: readonly Value[]): Promise<unknown[]> {
    let shown: Value;
    const name = nextName();
    customElements.define(
      name,
      class extends library.LitElement {
        protected override render(): unknown {
          return draw(library, shown);
        }
      },
    );
    const canvas = document.createElement(name) as lit.LitElement;
    document.body.append(canvas);
    const numbers = new Map<Node, number>();
    const trees: unknown[] = [];
    for (shown of values) {
      canvas.requestUpdate();
      await canvas.updateComplete;
      const heard: unknown[] = [];
      trees.push(describeTree(canvas.renderRoot, numbers, heard), heard);
    }
    canvas.remove();
    return trees;
  }

  /** The value with one place in it, a primitive or a whole branch, changed for another value. */
  function change(given: Value, place: number, to: Value): Value {
    let left = place;
    const walk = (at: Value): Value => {
      left -= 1;
      if (left === 0) return to;
      if (typeof at !== 'object' || at === null) return at;
      if ('length' in at) return at.map((item) => walk(item));
      const b = walk(at.b);
      return {
        ...at,
        a: walk(at.a),
        b: typeof b === 'object' ? at.b : b,
        key: left-- === 0 ? (at.key + 1) % 3 : at.key,
      };
    };
    return walk(given);
  }

  async function expectSame(values: readonly Value[]): Promise<void> {
    expect(await drawAll(LEAN, values)).to.deep.equal(await drawAll(REAL, values));
  }

  it('are drawn as Lit draws them, and what can stay stays', async () => {
    const property = fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), expectSame);
    await fc.assert(property, { numRuns: 300 });
  });

  it('are drawn as Lit draws them where little changes at a time', async () => {
    const begin = fc.array(value, { minLength: 1, maxLength: 3 });
    const changes = fc.array(fc.record({ place: fc.nat(24), to: fc.oneof(primitive, value) }), {
      minLength: 1,
      maxLength: 8,
    });
    const property = fc.asyncProperty(begin, changes, async (first, steps) => {
      const values: Value[] = [first];
      for (const { place, to } of steps) values.push(change(values.at(-1), place, to));
      await expectSame(values);
    });
    await fc.assert(property, { numRuns: 1000 });
  });

  it('are an error where it cannot be told what a value belongs to', () => {
    const { html } = LEAN;
    for (const result of [html`<p ${'x'}></p>`, html`<p class='a ${'x'}'></p>`, html`<p style="a=${1} b=${2}"></p>`]) {
      const start = document.body.appendChild(new Comment());
      expect(() => leanHtml.bindChild(start, 0)([result])).to.throw('cannot tell where values go');
    }
  });
});

describe('elements in the widget’s build', () => {
  type Step =
    | { set: string; value: unknown }
    | { attribute: string; text: string | null }
    | { call: 'append' | 'remove' | 'requestUpdate' | 'addController' | 'fail' }
    | { wait: 'tick' | 'updateComplete' };

  const step = fc.oneof(
    fc.record({
      set: fc.constantFrom('plain', 'flag', 'named', 'hidden', 'inner', 'list', 'chained'),
      value: fc.constantFrom<unknown>('a', 'b', '', true, false, null, undefined, Number.NaN),
    }),
    fc.record({
      attribute: fc.constantFrom('plain', 'flag', 'other-name', 'hidden', 'inner', 'list', 'named', 'lang'),
      text: fc.constantFrom('a', 'b', '', null),
    }),
    fc.record({
      call: fc.constantFrom('append' as const, 'remove' as const, 'requestUpdate' as const, 'addController' as const),
    }),
    fc.record({ wait: fc.constantFrom('tick' as const, 'updateComplete' as const) }),
  );

  function createClass({ LitElement, html, css }: Library, log: unknown[]): typeof lit.LitElement {
    class Base extends LitElement {
      static override styles: lit.CSSResultGroup = [
        css`:host { --number: ${7} } ${css`p { color: red }`}`,
        css`i { color: blue }`,
      ];
      static override properties: lit.PropertyDeclarations = { plain: {}, flag: { type: Boolean, reflect: true } };
    }
    return class extends Base {
      static override properties: lit.PropertyDeclarations = {
        named: { attribute: 'other-name', reflect: true },
        hidden: { attribute: false },
        inner: { state: true },
        list: { converter: { fromAttribute: (text) => `(${String(text)})` } },
        chained: {},
        seen: {},
      };
      static override get observedAttributes(): string[] {
        return [...super.observedAttributes, 'lang'];
      }
      fails = false;

      constructor() {
        super();
        Reflect.set(this, 'plain', 'made');
      }
      override connectedCallback(): void {
        super.connectedCallback();
        log.push('connected');
      }
      override disconnectedCallback(): void {
        super.disconnectedCallback();
        log.push('disconnected');
      }
      protected override willUpdate(changed: lit.PropertyValues): void {
        log.push('willUpdate', [...changed], this.hasUpdated, this.isUpdatePending);
        // Belongs to the same update.
        Reflect.set(this, 'seen', Reflect.get(this, 'plain'));
      }
      protected override render(): unknown {
        if (this.fails) {
          this.fails = false;
          throw new Error('fails for once');
        }
        return html`<p>${Reflect.get(this, 'plain')}${Reflect.get(this, 'seen')}</p>`;
      }
      protected override firstUpdated(changed: lit.PropertyValues): void {
        log.push('firstUpdated', [...changed], this.hasUpdated);
      }
      protected override updated(changed: lit.PropertyValues): void {
        log.push('updated', [...changed], this.hasUpdated, this.isUpdatePending, this.renderRoot.textContent);
        // Asks for another one.
        if (changed.has('chained')) Reflect.set(this, 'named', Reflect.get(this, 'chained'));
      }
    };
  }

  function createController(log: unknown[]): lit.ReactiveController {
    return {
      hostConnected: () => log.push('hostConnected'),
      hostDisconnected: () => log.push('hostDisconnected'),
      hostUpdate: () => log.push('hostUpdate'),
      hostUpdated: () => log.push('hostUpdated'),
    };
  }

  function describeHost(host: Host): unknown[] {
    const values = ['plain', 'flag', 'named', 'hidden', 'inner', 'list', 'chained', 'seen'].map((name) => host[name]);
    const attributes = [...host.attributes].map(({ name, value }) => `${name}=${value}`).toSorted();
    return [values, attributes, host.isUpdatePending, host.hasUpdated, host.shadowRoot?.textContent];
  }

  async function live(
    library: Library,
    steps: readonly Step[],
    early: Readonly<Record<string, unknown>>,
  ): Promise<unknown[]> {
    const name = nextName();
    const log: unknown[] = [];
    // Before its class is defined, as a page may do it.
    const host = Object.assign(document.createElement(name), early) as HTMLElement as Host;
    host.setAttribute('flag', '');
    customElements.define(name, createClass(library, log));
    document.body.append(host);
    for (const taken of steps) {
      if ('set' in taken) host[taken.set] = taken.value;
      else if ('attribute' in taken) {
        if (taken.text === null) host.removeAttribute(taken.attribute);
        else host.setAttribute(taken.attribute, taken.text);
      } else if ('wait' in taken) log.push(await (taken.wait === 'tick' ? null : host.updateComplete.catch(String)));
      else if (taken.call === 'append') document.body.append(host);
      else if (taken.call === 'addController') host.addController(createController(log));
      else if (taken.call === 'fail') host['fails'] = true;
      else host[taken.call]();
      log.push(describeHost(host));
    }
    await host.updateComplete.catch(String);
    log.push(describeHost(host));
    host.remove();
    return log;
  }

  it('live as Lit’s do', async () => {
    const early = fc.record(
      { plain: fc.constant('early'), named: fc.constant('early'), hidden: fc.constant(1) },
      { requiredKeys: [] },
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 24 }), early, async (steps, values) => {
      expect(await live(LEAN, steps, values)).to.deep.equal(await live(REAL, steps, values));
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('go on after an update that has failed', async () => {
    const steps: Step[] = [
      { wait: 'updateComplete' },
      ...[{ set: 'flag', value: true }, { call: 'fail' as const }, { wait: 'updateComplete' as const }],
      ...[{ set: 'named', value: 'b' }, { call: 'fail' as const }, { wait: 'updateComplete' as const }],
      ...[{ set: 'plain', value: 'c' }, { wait: 'updateComplete' as const }],
    ];
    for (const taken of [steps, steps.slice(1)]) {
      const lives = [await live(LEAN, taken, {}), await live(REAL, taken, {})];
      expect(lives[0]).to.deep.equal(lives[1]);
      expect(lives[0]).to.include('Error: fails for once');
    }
  });

  it('have the same style sheets', () => {
    const [real, lean] = [REAL, LEAN].map((library) => {
      const name = nextName();
      customElements.define(name, createClass(library, []));
      const { shadowRoot } = document.body.appendChild(document.createElement(name));
      return shadowRoot?.adoptedStyleSheets.map(({ cssRules }) => [...cssRules].map(({ cssText }) => cssText));
    });
    expect(lean).to.have.length(2);
    expect(lean).to.deep.equal(real);
  });
});
