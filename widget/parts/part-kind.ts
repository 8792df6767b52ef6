import type { CSSResult, nothing, TemplateResult } from 'lit';
import type { ChatPart } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import type { Citations } from './citations.ts';

/** What may be drawn: a template, or nothing. */
export type Drawn = TemplateResult | typeof nothing;

/** What the parts of an answer are drawn with. */
export interface PartContext {
  strings: Strings;
  /** Images are fetched and shown, and not only linked to. */
  allowImages: boolean;
  /** What `[1]` in a text refers to; null while the answer is being written, and when it has no source. */
  citations: Citations | null;
}

/**
 * One kind of message part and how it is drawn: a file of this folder and a line in index.ts.
 *
 * What a part holds came over the wire and is any JSON, whatever its type says: look at each value before you draw it. A
 * part that lacks what it needs, or whose `render` throws, is shown as one that could not be shown, and harms no other.
 */
export interface PartKind {
  /** Whether a part is of this kind, by its `type`. */
  accepts(part: ChatPart): boolean;
  /** Draws a part in its place in the answer; null when it lacks what it needs. */
  render?(part: ChatPart, context: PartContext): Drawn | null;
  /** Draws one thing below the answer for all of its parts of this kind. */
  renderBelow?(parts: readonly ChatPart[], context: PartContext): Drawn;
  /** The looks of this kind. */
  styles?: CSSResult;
}

/** A part kind whose functions are given only parts that it accepts. */
interface PartKindOf<Part extends ChatPart> {
  accepts(part: ChatPart): part is Part;
  render?(part: Part, context: PartContext): Drawn | null;
  renderBelow?(parts: readonly Part[], context: PartContext): Drawn;
  styles?: CSSResult;
}

/**
 * Defines a part kind.
 *
 * @example
 * export const weather = definePart({
 *   accepts: (part): part is WeatherPart => part.type === 'data-weather',
 *   render: ({ data }) => (typeof data === 'string' ? html`<p>${data}</p>` : null),
 * });
 */
export function definePart<Part extends ChatPart>(kind: PartKindOf<Part>): PartKind {
  return kind;
}
