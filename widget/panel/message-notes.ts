import { html, nothing, type TemplateResult } from 'lit';
import type { ChatMessage, Rating } from '#shared/protocol.ts';
import type { CopyController } from '../controllers/copy-controller.ts';
import { checkIcon, copyIcon, retryIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';
import { readMarkdown } from '../message-text.ts';
import { renderAction, renderRating } from './message-actions.ts';
import { describeFailure } from './notice.ts';

/** What stands below an answer: how it went, and what can be done with it. */
export interface NotesModel {
  message: ChatMessage;
  strings: Strings;
  writing: boolean;
  /** Another relay has taken the answer over, and nothing new has come from it. */
  recovering: boolean;
  /** The answer can be asked for again. */
  last: boolean;
  rateable: boolean;
  copier: CopyController;
  onRetry: () => void;
  onRate: (rating: Rating | null) => void;
}

/** Draws the notes below an answer; nothing while there are none. */
export function renderNotes(model: NotesModel): TemplateResult | typeof nothing {
  const { message, strings, writing, recovering, last, rateable, copier } = model;
  const run = message.metadata?.run;
  const recovered = (run?.attempt ?? 1) > 1;
  const stopped = run?.status === 'cancelled';
  const failed = run?.status === 'failed';
  const canRetry = last && !writing && run !== undefined;
  const canCopy = !writing && readMarkdown(message.parts) !== '';
  const canRate = canCopy && rateable && run !== undefined;
  if (!recovered && !stopped && !failed && !canRetry && !canCopy) return nothing;
  const prominent = stopped || failed;
  const retry = canRetry ? renderRetry(prominent, model) : nothing;
  return html`<div class="notes">
    ${
      recovered
        ? html`<span class="note recovered">${writing && recovering ? strings.recovering : strings.recovered}</span>`
        : nothing
    }
    ${stopped ? html`<span class="note">${strings.stopped}</span>` : nothing}
    ${failed ? html`<span class="note bad">${describeFailure(run?.problem, strings)}</span>` : nothing}
    ${prominent ? retry : nothing}
    ${
      canCopy || !prominent
        ? html`<div class="actions">
          ${canCopy ? renderCopy(copier, strings) : nothing}${canRate ? renderThumbs(model) : nothing}${prominent ? nothing : retry}
        </div>`
        : nothing
    }
  </div>`;
}

function renderCopy({ copied, copy }: CopyController, strings: Strings): TemplateResult {
  const label = copied ? strings.copied : strings.copyMessage;
  return renderAction({ label, icon: copied ? checkIcon() : copyIcon(), part: 'copy-message-button', onClick: copy });
}

function renderThumbs({ message, strings, onRate }: NotesModel): TemplateResult {
  return renderRating({ strings, rating: message.metadata?.feedback?.rating ?? null, onRate });
}

function renderRetry(prominent: boolean, { strings: { tryAgain: label }, onRetry }: NotesModel): TemplateResult {
  return prominent
    ? html`<button type="button" class="text-button" part="retry-button" @click=${onRetry}>${retryIcon()}${label}</button>`
    : renderAction({ label, icon: retryIcon(), part: 'retry-button', onClick: onRetry });
}
