import { html, type TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import { asText } from '../as-text.ts';
import { fill } from '../format-text.ts';
import { checkIcon, closeIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';
import { definePart } from './part-kind.ts';

type ToolPart = Extract<ChatPart, { toolCallId: string }>;

/** Characters shown of what a tool was given or has answered. */
const SHOWN_LENGTH = 10_000;

/** One call of a tool: what became of it and, folded, its input and output as text. */
export const tool = definePart<ToolPart>({
  accepts: (part): part is ToolPart => part.type === 'dynamic-tool' || part.type.startsWith('tool-'),
  render(part, { strings }) {
    const known = drawn.get(part);
    if (known?.strings === strings) return known.result;
    const result = renderCall(part, strings);
    if (result) drawn.set(part, { strings, result });
    return result;
  },
});

/** Calls as they were drawn: an answer is drawn twenty times a second while it streams, and inputs may be long. */
const drawn = new WeakMap<ToolPart, { strings: Strings; result: TemplateResult }>();

function renderCall(part: ToolPart, strings: Strings): TemplateResult | null {
  const name = readName(part);
  if (name === null || typeof part.state !== 'string') return null;
  const outcome = readOutcome(part);
  const line = html`${ICONS[outcome]()}<span>${fill(strings[LABELS[outcome]], { tool: name })}</span>`;
  const insides = [
    renderInside(strings.toolInput, part.input),
    part.state === 'output-available' ? renderInside(strings.toolOutput, part.output) : null,
    part.state === 'output-error' ? renderInside(strings.toolError, part.errorText) : null,
  ].filter((inside) => inside !== null);
  return insides.length === 0
    ? html`<div class="step ${outcome}" part="tool"><div class="step-line">${line}</div></div>`
    : html`<details class="step ${outcome}" part="tool">
        <summary class="step-line">${line}</summary>
        <div class="step-insides" part="tool-details">${insides}</div>
      </details>`;
}

type Outcome = 'running' | 'done' | 'failed';

const ICONS: Record<Outcome, () => TemplateResult> = {
  running: () => html`<i class="spinner"></i>`,
  done: checkIcon,
  failed: closeIcon,
};
const LABELS = { running: 'toolRunning', done: 'toolDone', failed: 'toolFailed' } as const;

function readOutcome({ state }: ToolPart): Outcome {
  if (state === 'output-error' || state === 'output-denied') return 'failed';
  return state === 'output-available' ? 'done' : 'running';
}

function readName(part: ToolPart): string | null {
  const name = part.type === 'dynamic-tool' ? asText(part.toolName) : part.type.slice('tool-'.length);
  return asText(part.title) ?? name?.replace(/[-_]+/g, ' ') ?? null;
}

function renderInside(name: string, value: unknown): TemplateResult | null {
  const text = writeOut(value);
  if (text === '') return null;
  // It scrolls, so it has to be reachable by keyboard.
  return html`<div class="step-name">${name}</div>
    <pre tabindex="0" role="group" aria-label=${name} dir="auto">${text}</pre>`;
}

/** A value as text, cut at the bound; empty when it says nothing. What came over the wire can be written as JSON. */
function writeOut(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  const text = asText(value) ?? JSON.stringify(value, null, 2);
  if (text === '{}' || text === '[]') return '';
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
