/**
 * The little of `LitElement` and its style sheets that the widget is written in, for its build: no decorators, no
 * `hasChanged`, no attributes but of the types that are used, no browser without `adoptedStyleSheets`. The tests use
 * Lit itself; lean-lit.browser.test.ts holds the two together.
 */
import { bindChild, html, nothing, svg } from './lean-lit-html.ts';

export { html, nothing, svg };

class CSSResult {
  #sheet: CSSStyleSheet | undefined;
  readonly cssText: string;

  constructor(cssText: string) {
    this.cssText = cssText;
  }

  get styleSheet(): CSSStyleSheet {
    if (!this.#sheet) (this.#sheet = new CSSStyleSheet()).replaceSync(this.cssText);
    return this.#sheet;
  }
}

export function css(strings: TemplateStringsArray, ...values: readonly (CSSResult | number)[]): CSSResult {
  return new CSSResult(strings.map((text, at) => `${text}${textOf(values[at] ?? '')}`).join(''));
}

const textOf = (value: CSSResult | number | string): number | string =>
  value instanceof CSSResult ? value.cssText : value;

interface PropertyOptions {
  /** The attribute's name; false for none. The property's in small letters when it is not said. */
  attribute?: string | false;
  /** Not for those who use the element. */
  state?: boolean;
  type?: unknown;
  reflect?: boolean;
  converter?: { fromAttribute(value: string | null): unknown };
}

interface Controller {
  hostConnected?(): void;
  hostDisconnected?(): void;
  hostUpdate?(): void;
  hostUpdated?(): void;
}

type Changed = Map<PropertyKey, unknown>;
type Properties = ReadonlyMap<string, PropertyOptions>;

const PROPERTIES = new WeakMap<typeof LitElement, Properties>();

/** The class's own and those that it inherits; its instances have them from when they are first asked for. */
function propertiesOf(type: typeof LitElement): Properties {
  const made = PROPERTIES.get(type);
  if (made) return made;
  const properties = new Map(type === LitElement ? [] : propertiesOf(Object.getPrototypeOf(type) as typeof LitElement));
  PROPERTIES.set(type, properties);
  for (const [name, options] of Object.hasOwn(type, 'properties') ? Object.entries(type.properties) : []) {
    properties.set(name, { ...options, attribute: options.state ? false : (options.attribute ?? name.toLowerCase()) });
    type.define(name);
  }
  return properties;
}

export class LitElement extends HTMLElement {
  static properties: Readonly<Record<string, PropertyOptions>> = {};
  static styles: readonly CSSResult[] = [];

  /** By the names of their attributes, which is how the browser asks for them before it makes the first element. */
  static get observedAttributes(): string[] {
    return [...propertiesOf(this)].flatMap(([, { attribute }]) => attribute || []);
  }

  declare renderRoot: HTMLElement | DocumentFragment;
  isUpdatePending = false;
  hasUpdated = false;

  readonly #properties = propertiesOf(this.constructor as typeof LitElement);
  readonly #values = new Map<string, unknown>();
  readonly #controllers = new Set<Controller>();
  /** What stood on the element itself before its class was defined. */
  readonly #early = new Map<string, unknown>();
  readonly #toReflect = new Set<string>();
  #changed: Changed = new Map();
  /** The property whose attribute is being read or written, so that the one is no reason for the other. */
  #inStep: string | undefined;
  #draw: ((values: readonly unknown[]) => void) | undefined;
  #connect!: () => void;
  #updated = new Promise<unknown>((resolve) => {
    this.#connect = () => resolve(true);
  });

  constructor() {
    super();
    for (const name of this.#properties.keys()) {
      if (!Object.hasOwn(this, name)) continue;
      this.#early.set(name, Reflect.get(this, name));
      Reflect.deleteProperty(this, name);
    }
    this.requestUpdate();
  }

  /** Gives the class what its instances have for a property. */
  static define(name: string): void {
    Object.defineProperty(this.prototype, name, {
      get(this: LitElement): unknown {
        return this.#values.get(name);
      },
      set(this: LitElement, value: unknown) {
        const old = this.#values.get(name);
        this.#values.set(name, value);
        this.requestUpdate(name, old);
      },
      configurable: true,
      enumerable: true,
    });
  }

  addController(controller: Controller): void {
    this.#controllers.add(controller);
    // Before the tree is there the browser has not told that the element is on the page.
    if (this.renderRoot && this.isConnected) controller.hostConnected?.();
  }

  requestUpdate(name?: string, old?: unknown): void {
    if (name !== undefined) {
      if (Object.is(this.#values.get(name), old)) return;
      if (!this.#changed.has(name)) this.#changed.set(name, this.hasUpdated ? old : undefined);
      if (this.#properties.get(name)?.reflect && this.#inStep !== name) this.#toReflect.add(name);
    }
    if (!this.isUpdatePending) this.#updated = this.#update();
  }

  get updateComplete(): Promise<boolean> {
    return this.getUpdateComplete();
  }

  protected getUpdateComplete(): Promise<boolean> {
    return this.#updated as Promise<boolean>;
  }

  connectedCallback(): void {
    this.renderRoot ??= this.createRenderRoot();
    this.#connect();
    for (const controller of this.#controllers) controller.hostConnected?.();
  }

  disconnectedCallback(): void {
    for (const controller of this.#controllers) controller.hostDisconnected?.();
  }

  attributeChangedCallback(attribute: string, _old: string | null, value: string | null): void {
    for (const [name, { attribute: own, type, converter }] of this.#properties) {
      if (own !== attribute || this.#inStep === name) continue;
      this.#inStep = name;
      Reflect.set(this, name, converter ? converter.fromAttribute(value) : type === Boolean ? value !== null : value);
      this.#inStep = undefined;
    }
  }

  protected createRenderRoot(): HTMLElement | DocumentFragment {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = (this.constructor as typeof LitElement).styles.map(({ styleSheet }) => styleSheet);
    return root;
  }

  protected willUpdate(_changed: Changed): void {}
  protected firstUpdated(_changed: Changed): void {}
  protected updated(_changed: Changed): void {}
  protected render(): unknown {
    return nothing;
  }

  /** Once the element has been on the page, and what was asked for before is done. */
  async #update(): Promise<boolean> {
    this.isUpdatePending = true;
    try {
      await this.#updated;
    } catch (error) {
      // An update that has failed keeps none from being made, and its error is told as one that nobody has caught.
      void Promise.reject(error);
    }
    this.#performUpdate();
    return !this.isUpdatePending;
  }

  #performUpdate(): void {
    if (!this.hasUpdated) {
      this.renderRoot ??= this.createRenderRoot();
      for (const [name, value] of this.#early) Reflect.set(this, name, value);
      this.#early.clear();
    }
    const changed = this.#changed;
    try {
      this.willUpdate(changed);
      for (const controller of this.#controllers) controller.hostUpdate?.();
      const drawn = this.render();
      for (const name of this.#toReflect) this.#reflect(name);
      this.#toReflect.clear();
      this.#settle();
      this.#draw ??= bindChild(this.renderRoot.appendChild(new Comment()), 0);
      this.#draw([drawn]);
    } catch (error) {
      this.#settle();
      throw error;
    }
    for (const controller of this.#controllers) controller.hostUpdated?.();
    if (!this.hasUpdated) {
      this.hasUpdated = true;
      this.firstUpdated(changed);
    }
    this.updated(changed);
  }

  /** What is asked for from now on is another update. */
  #settle(): void {
    this.#changed = new Map();
    this.isUpdatePending = false;
  }

  #reflect(name: string): void {
    const { attribute, type } = this.#properties.get(name) ?? {};
    if (!attribute) return;
    const value = this.#values.get(name);
    const text = (type === Boolean ? (value ? '' : null) : value) as string | null | undefined;
    this.#inStep = name;
    if (text === null || text === undefined) this.removeAttribute(attribute);
    else this.setAttribute(attribute, text);
    this.#inStep = undefined;
  }
}
