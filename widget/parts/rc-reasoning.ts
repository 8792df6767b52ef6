import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { duration, fill } from '../format-text.ts';
import type { Strings } from '../locales/en.ts';

/**
 * When more than this many characters are there already at the first sight of thoughts, the page was loaded or the line
 * came back in the middle of them: nobody here knows when they began, and no time is shown.
 */
const BEGINNING_LENGTH = 200;
const TICK_MS = 1000;

/**
 * What a model has thought, folded, with the time it took as seen from here. The text is drawn only while it is
 * unfolded. Draws into its parent's shadow tree.
 */
export class RcReasoning extends LitElement {
  static override properties = {
    text: {},
    streaming: { type: Boolean },
    strings: { attribute: false },
    allowImages: { type: Boolean },
    unfolded: { state: true },
  };

  declare private unfolded: boolean;
  /** ms since the page began; null when the beginning was not seen. */
  #since: number | null = null;
  #tookMs: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  declare text: string;
  declare streaming: boolean;
  declare strings: Strings;
  declare allowImages: boolean;

  constructor() {
    super();
    this.unfolded = false;
    this.allowImages = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#tick();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('text');
    const now = performance.now();
    const beginsAnew = before !== undefined && !this.text.startsWith(before);
    if (!this.hasUpdated || beginsAnew) {
      this.#since = this.streaming && this.text.length <= BEGINNING_LENGTH ? now : null;
      this.#tookMs = null;
    }
    if (!this.streaming && this.#since !== null) this.#tookMs ??= now - this.#since;
    this.#tick();
  }

  /** Counts the seconds while they are being thought. */
  #tick(): void {
    if (this.isConnected && this.#since !== null && this.#tookMs === null) {
      this.#timer ??= setInterval(() => this.requestUpdate(), TICK_MS);
    } else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  readonly #onToggle = ({ target }: Event): void => {
    this.unfolded = (target as HTMLDetailsElement).open;
  };

  protected override createRenderRoot(): this {
    return this;
  }

  protected override render(): TemplateResult {
    const { text, streaming, strings, allowImages } = this;
    const content = { text, done: !streaming, strings, allowImages };
    return html`<details class="reasoning" part="reasoning" @toggle=${this.#onToggle}>
      <summary class="step-line ${streaming ? 'running' : ''}">${this.#readLabel()}</summary>
      <div class="step-insides">${this.unfolded ? html`<rc-text class="text" .content=${content}></rc-text>` : nothing}</div>
    </details>`;
  }

  #readLabel(): string {
    const { streaming, strings } = this;
    if (streaming) {
      const ms = this.#since === null ? 0 : performance.now() - this.#since;
      return ms < TICK_MS ? strings.thinking : fill(strings.thinkingFor, { time: duration(ms, strings) });
    }
    if (this.#tookMs === null) return strings.reasoning;
    return fill(strings.thoughtFor, { time: duration(this.#tookMs, strings) });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'rc-reasoning': RcReasoning;
  }
}
