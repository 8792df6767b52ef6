import { html, type TemplateResult } from 'lit';
import type { Rating } from '#shared/protocol.ts';
import { thumbDownIcon, thumbUpIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';

/** One of the quiet buttons under a message. */
export interface ActionModel {
  label: string;
  icon: TemplateResult;
  part: string;
  /** Never rejects. */
  onClick: () => void | Promise<void>;
}

/** Draws a button that does something with a message. */
export function renderAction({ label, icon, part, onClick }: ActionModel): TemplateResult {
  return html`<button type="button" class="icon-button small" part=${part} aria-label=${label} title=${label} @click=${onClick}>
    ${icon}
  </button>`;
}

function renderToggle({ label, icon, part, onClick }: ActionModel, pressed: boolean): TemplateResult {
  return html`<button
    type="button"
    class="icon-button small rating"
    part=${part}
    aria-label=${label}
    aria-pressed=${pressed ? 'true' : 'false'}
    title=${label}
    @click=${onClick}
  >
    ${icon}
  </button>`;
}

/** What the two thumbs show. */
export interface RatingModel {
  strings: Strings;
  rating: Rating | null;
  /** Told the new rating; null when the pressed button was pressed again. */
  onRate: (rating: Rating | null) => void;
}

/** Draws thumbs up and down, of which one at most is pressed. */
export function renderRating({ strings, rating, onRate }: RatingModel): TemplateResult {
  const toggle = (own: Rating, label: string, icon: TemplateResult): TemplateResult =>
    renderToggle(
      { label, icon, part: `rate-button rate-${own}-button`, onClick: () => onRate(rating === own ? null : own) },
      rating === own,
    );
  return html`${toggle('up', strings.rateUp, thumbUpIcon())}${toggle('down', strings.rateDown, thumbDownIcon())}`;
}
