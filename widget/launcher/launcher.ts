import { html, nothing, type TemplateResult } from 'lit';
import { count } from '../format-text.ts';
import { chevronIcon, launcherIcon } from '../icons.ts';
import type { Strings } from '../locales/en.ts';

/** What the launcher shows. */
export interface LauncherModel {
  strings: Strings;
  open: boolean;
  /** An answer is being written while the panel is closed. */
  writing: boolean;
  /** Answers that came while the panel was closed. */
  unread: number;
  onToggle: () => void;
  /** Called when it is pointed at. */
  onNear: () => void;
}

/** Unread answers are counted up to this number, and above it shown as `9+`. */
const MOST_COUNTED = 9;

/** Draws the round button that opens and closes a floating panel, with its badge. */
export function renderLauncher(model: LauncherModel): TemplateResult {
  const { strings, open, writing, unread, onToggle, onNear } = model;
  const description = writing ? strings.launcherBusy : describeUnread(unread, strings);
  return html`<slot name="launcher" @click=${onToggle} @pointerenter=${onNear}>
    <button
      type="button"
      class="launcher"
      part="launcher"
      aria-label=${strings.launcher}
      aria-expanded=${open ? 'true' : 'false'}
      aria-controls="panel"
      aria-description=${description ?? nothing}
      title=${strings.launcher}
    >
      ${open ? chevronIcon() : launcherIcon()}
      ${
        description === null
          ? nothing
          : html`<span
            class="badge ${writing ? 'writing' : ''}"
            part="badge"
            data-count=${unread > MOST_COUNTED ? `${MOST_COUNTED}+` : unread || nothing}
          ></span>`
      }
    </button>
  </slot>`;
}

function describeUnread(unread: number, { launcherUnread, launcherUnreadMany, language }: Strings): string | null {
  if (unread === 0) return null;
  return unread === 1 ? launcherUnread : count(launcherUnreadMany, unread, language);
}

/** Says in the panel's place that it could not be loaded: the visitor has asked for it and sees nothing else. */
export function renderUnavailable({ unavailableNotice }: Strings): TemplateResult {
  return html`<p class="unavailable" part="notice" role="alert">${unavailableNotice}</p>`;
}
