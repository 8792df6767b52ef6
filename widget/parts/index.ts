import { html, nothing, type CSSResult, type TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import { file } from './file.ts';
import type { Drawn, PartContext, PartKind } from './part-kind.ts';
import { reasoning } from './reasoning.ts';
import { sources } from './sources.ts';
import { text } from './text.ts';
import { tool } from './tool.ts';

/** The kinds of message parts that are drawn. Parts of other kinds are not shown. */
const PART_KINDS: readonly PartKind[] = [
  // One line each.
  text,
  reasoning,
  tool,
  file,
  sources,
];

/** The looks of all kinds. */
export const partStyles: readonly CSSResult[] = PART_KINDS.flatMap(({ styles }) => styles ?? []);

/** Draws one part of an answer in its place. Never throws. */
export function renderPart(part: ChatPart, context: PartContext, kinds: readonly PartKind[] = PART_KINDS): Drawn {
  const kind = kinds.find(({ accepts }) => accepts(part));
  if (!kind?.render) return nothing;
  return guard(part, context, () => kind.render?.(part, context) ?? renderNotShown(context.strings));
}

/** Draws what stands below an answer for all of its parts. Never throws. */
export function renderPartsBelow(
  parts: readonly ChatPart[],
  context: PartContext,
  kinds: readonly PartKind[] = PART_KINDS,
): Drawn[] {
  return kinds.map((kind) => {
    const own = parts.filter((part) => kind.accepts(part));
    const [first] = own;
    return first ? guard(first, context, () => kind.renderBelow?.(own, context) ?? nothing) : nothing;
  });
}

/** Parts whose drawing has thrown: told once, though an answer that streams is drawn twenty times a second. */
const reported = new WeakSet<ChatPart>();

function guard(part: ChatPart, { strings }: PartContext, render: () => Drawn): Drawn {
  try {
    return render();
  } catch (error) {
    if (!reported.has(part)) console.error(`Resumable Chat could not show a part of type ${part.type}.`, error);
    reported.add(part);
    return renderNotShown(strings);
  }
}

function renderNotShown({ partNotShown }: Strings): TemplateResult {
  return html`<div class="note">${partNotShown}</div>`;
}
