import { html, type TemplateResult } from 'lit';
import type { Rating } from '#shared/protocol.ts';
import type { Strings } from '../../locales/en.ts';
import { laterIcons } from './icons.ts';

interface ActionModel {
  label: string;
  icon: TemplateResult;
  part: string;
  /** Never rejects. */
  onClick: () => void | Promise<void>;
  /** Of a button that stays pressed; it is none when not given. */
  pressed?: boolean;
}

/** One of the quiet buttons under a message. */
export function renderAction({ label, icon, part, onClick, pressed }: ActionModel): TemplateResult {
  const button = { label, icon, part, onClick };
  return pressed === undefined ? renderButton(button) : renderToggle(button, pressed);
}

function renderButton({ label, icon, part, onClick }: ActionModel): TemplateResult {
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

export interface RatingModel {
  strings: Strings;
  rating: Rating | null;
  /** What is said from now on; null when the button that is pressed was pressed again. */
  onRate: (rating: Rating | null) => void;
}

/** Thumbs up and down, of which one at most is pressed. */
export function renderRating({ strings, rating, onRate }: RatingModel): TemplateResult {
  const toggle = (own: Rating, label: string, icon: TemplateResult): TemplateResult =>
    renderAction({
      ...{ label, icon },
      part: `rate-button rate-${own}-button`,
      pressed: rating === own,
      onClick: () => onRate(rating === own ? null : own),
    });
  return html`${toggle('up', strings.rateUp, laterIcons.thumbUp)}${toggle('down', strings.rateDown, laterIcons.thumbDown)}`;
}
