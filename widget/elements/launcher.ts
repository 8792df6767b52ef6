import { html, nothing, type TemplateResult } from 'lit';
import { fill, type Strings } from '../locales/en.ts';
import { launcherIcons } from './launcher-icons.ts';

export interface LauncherModel {
  strings: Strings;
  open: boolean;
  /** An answer is being written that nobody looks at. */
  writing: boolean;
  /** How many answers have come that nobody has looked at. */
  unread: number;
  onToggle: () => void;
  /** It is pointed at. */
  onNear: () => void;
}

/** More are not told one by one. */
const MOST_COUNTED = 9;

export function renderLauncher({ strings, open, writing, unread, onToggle, onNear }: LauncherModel): TemplateResult {
  const waiting = unread > 1 ? fill(strings.launcherUnreadMany, { n: unread }) : unread && strings.launcherUnread;
  const description = writing ? strings.launcherBusy : waiting || nothing;
  return html`<slot name="launcher" @click=${onToggle} @pointerenter=${onNear}>
    <button
      type="button"
      class="launcher"
      part="launcher"
      aria-label=${strings.launcher}
      aria-expanded=${open ? 'true' : 'false'}
      aria-controls="panel"
      aria-description=${description}
      title=${strings.launcher}
    >
      ${open ? launcherIcons.chevron : launcherIcons.launcher}
      ${
        description === nothing
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
