import type { TemplateResult } from 'lit';
import type { ExtraTools } from '../../extras-part.ts';
import type { Strings } from '../../locales/en.ts';
import type { ToolPart } from '../message-parts.ts';

/** So many characters of what a tool was given or has answered are shown. */
const SHOWN_LENGTH = 10_000;

/** Draws one call of a tool: what became of it, and, folded, what it was given and what it answered, as text. */
export function createToolSteps(tools: ExtraTools): (part: ToolPart, strings: Strings) => TemplateResult {
  const { html, icons, describeTool } = tools;
  // Written out once for each state of a call: the answer around it is drawn at each frame.
  const drawn = new WeakMap<ToolPart, { strings: Strings; result: TemplateResult }>();

  function renderStep(part: ToolPart, strings: Strings): TemplateResult {
    const kind = kindOf(part);
    const icon = kind === 'running' ? html`<i class="spinner"></i>` : icons[kind];
    const line = html`${icon}<span>${describeTool(part, strings)}</span>`;
    const insides = [
      renderInside(strings.toolInput, part.input),
      part.state === 'output-available' ? renderInside(strings.toolOutput, part.output) : null,
      part.state === 'output-error' ? renderInside(strings.toolError, part.errorText) : null,
    ];
    return insides.every((inside) => inside === null)
      ? html`<div class="step ${kind}" part="tool"><div class="step-line">${line}</div></div>`
      : html`<details class="step ${kind}" part="tool">
          <summary class="step-line">${line}</summary>
          <div class="step-insides" part="tool-details">${insides}</div>
        </details>`;
  }

  function renderInside(name: string, value: unknown): TemplateResult | null {
    const text = writeOut(value);
    if (text === '') return null;
    // It scrolls, so it has to be reachable by keyboard.
    return html`<div class="step-name">${name}</div>
      <pre tabindex="0" role="group" aria-label=${name} dir="auto">${text}</pre>`;
  }

  return (part, strings) => {
    const known = drawn.get(part);
    if (known?.strings === strings) return known.result;
    const result = renderStep(part, strings);
    drawn.set(part, { strings, result });
    return result;
  };
}

function kindOf({ state }: ToolPart): 'running' | 'done' | 'failed' {
  if (state === 'output-error' || state === 'output-denied') return 'failed';
  return state === 'output-available' ? 'done' : 'running';
}

/** A value as text, cut at the bound; empty when it says nothing. */
function writeOut(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  // What came over the wire was JSON, so it can be written as JSON.
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (text === '{}' || text === '[]') return '';
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}
