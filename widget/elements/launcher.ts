import { html, nothing, type TemplateResult } from 'lit';
import type { Strings } from '../locales/en.ts';
import { launcherIcons } from './launcher-icons.ts';

export interface LauncherModel {
  strings: Strings;
  open: boolean;
  /** What to say of an answer that nobody looks at: it is being written, or has come. */
  news: 'writing' | 'unread' | null;
  onToggle: () => void;
  /** It is pointed at. */
  onNear: () => void;
}

export function renderLauncher({ strings, open, news, onToggle, onNear }: LauncherModel): TemplateResult {
  const description = news === null ? '' : news === 'unread' ? strings.launcherUnread : strings.launcherBusy;
  return html`<slot name="launcher" @click=${onToggle} @pointerenter=${onNear}>
    <button
      type="button"
      class="launcher"
      part="launcher"
      aria-label=${strings.launcher}
      aria-expanded=${open ? 'true' : 'false'}
      aria-controls="panel"
      aria-description=${description || nothing}
      title=${strings.launcher}
    >
      ${open ? launcherIcons.chevron : launcherIcons.launcher}
      ${news === null ? nothing : html`<span class="badge ${news}" part="badge"></span>`}
    </button>
  </slot>`;
}
