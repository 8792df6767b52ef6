import type { ChatPart } from '#shared/protocol.ts';
import type { ExtraContext, ExtraTools } from '../../extras-part.ts';

export type ReasoningPart = Extract<ChatPart, { type: 'reasoning' }>;

export interface ReasoningContent extends ExtraContext {
  part: ReasoningPart;
  tools: ExtraTools;
}

/**
 * With more of it there already when it is first seen, nobody here knows when it began: the page was loaded, or the line
 * came back, in its middle. No time is told then.
 */
const BEGINNING_LENGTH = 200;
const TICK_MS = 1000;

/**
 * What a model has thought, folded, with the time that it took as it was seen here. The text is drawn only while it is
 * unfolded. Not a Lit element, so that this part brings no second copy of Lit.
 */
export class RcReasoning extends HTMLElement {
  #content: ReasoningContent | null = null;
  /** ms since the page began; null when the beginning was not seen. */
  #since: number | null = null;
  #tookMs: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  readonly #details = document.createElement('details');
  readonly #summary = document.createElement('summary');
  readonly #insides = document.createElement('div');

  set content(content: ReasoningContent) {
    const before = this.#content?.part;
    this.#content = content;
    const { text, state } = content.part;
    const isStreaming = state === 'streaming';
    const now = performance.now();
    // The first time, and when another attempt begins it anew.
    if (!before || !text.startsWith(before.text)) {
      this.#since = isStreaming && text.length <= BEGINNING_LENGTH ? now : null;
      this.#tookMs = null;
    }
    if (!isStreaming && this.#since !== null) this.#tookMs ??= now - this.#since;
    this.#draw();
    this.#tick();
  }

  connectedCallback(): void {
    if (!this.firstChild) {
      this.#details.className = 'reasoning';
      this.#details.part.add('reasoning');
      this.#summary.className = 'step-line';
      this.#insides.className = 'step-insides';
      this.#details.append(this.#summary, this.#insides);
      this.append(this.#details);
    }
    this.#details.addEventListener('toggle', this.#onToggle);
    this.#tick();
  }

  disconnectedCallback(): void {
    this.#details.removeEventListener('toggle', this.#onToggle);
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #onToggle = (): void => this.#draw();

  #tick(): void {
    const ticks = this.isConnected && this.#since !== null && this.#tookMs === null;
    if (ticks) this.#timer ??= setInterval(() => this.#draw(), TICK_MS);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #draw(): void {
    if (!this.#content) return;
    const { part, strings, allowImages } = this.#content;
    const isStreaming = part.state === 'streaming';
    const label = this.#label(this.#content);
    if (this.#summary.textContent !== label) this.#summary.textContent = label;
    this.#summary.classList.toggle('running', isStreaming);
    if (!this.#details.open) return this.#insides.replaceChildren();
    const text = this.#insides.querySelector('rc-text') ?? this.#insides.appendChild(document.createElement('rc-text'));
    text.className = 'text';
    text.content = { text: part.text, done: !isStreaming, strings, allowImages };
  }

  #label({ part, strings, tools }: ReasoningContent): string {
    const { fill, duration } = tools;
    if (part.state === 'streaming') {
      const ms = this.#since === null ? 0 : performance.now() - this.#since;
      return ms < TICK_MS ? strings.thinking : fill(strings.thinkingFor, { time: duration(ms, strings) });
    }
    return this.#tookMs === null
      ? strings.reasoning
      : fill(strings.thoughtFor, { time: duration(this.#tookMs, strings) });
  }
}
