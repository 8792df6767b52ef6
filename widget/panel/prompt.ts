import { html, nothing, type TemplateResult } from 'lit';
import { editIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';
import type { PromptEditor } from './prompt-editor.ts';

/** What a prompt shows. */
export interface PromptModel {
  text: string;
  strings: Strings;
  /** It may be edited and sent again. */
  editable: boolean;
  editor: PromptEditor;
  /** Why it is not part of the conversation yet; null when it is. */
  note: string | null;
}

/** Draws a prompt in its bubble, or the field in which it is edited. */
export function renderPrompt(model: PromptModel): TemplateResult {
  const { text, strings, editable, editor, note } = model;
  if (editor.editing) return renderEditor(model);
  return html`<div class="prompt">
      <div class="bubble"><div dir="auto">${text}</div></div>
      ${editable ? renderEditButton(strings, editor) : nothing}
    </div>
    ${note === null ? nothing : html`<div class="note brief">${note}</div>`}`;
}

function renderEditButton({ edit: label }: Strings, editor: PromptEditor): TemplateResult {
  return html`<div class="actions">
    <button
      type="button"
      class="icon-button small edit"
      part="edit-button"
      aria-label=${label}
      title=${label}
      @click=${editor.open}
    >
      ${editIcon()}
    </button>
  </div>`;
}

function renderEditor({ text, strings, editable, editor }: PromptModel): TemplateResult {
  return html`<form class="editor" part="editor" @submit=${editor.onSubmit}>
    <textarea
      rows="1"
      part="edit-input"
      dir="auto"
      enterkeyhint="send"
      autocomplete="off"
      aria-label=${strings.editMessage}
      .value=${text}
      @input=${editor.onInput}
      @keydown=${editor.onKeyDown}
    ></textarea>
    <div class="choices">
      <button type="button" class="text-button" part="cancel-button" @click=${editor.cancel}>${strings.cancel}</button>
      <button type="submit" class="text-button main" part="send-again-button" ?disabled=${editor.blank || !editable}>
        ${strings.sendAgain}
      </button>
    </div>
  </form>`;
}
