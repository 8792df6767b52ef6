import { ResumableChat } from './resumable-chat.ts';

/**
 * Defines `<resumable-chat>`. Does nothing where pages are written on a server, and leaves what a second copy of the
 * widget, of whatever version, has defined before.
 */
export function defineElement(): void {
  if (typeof customElements === 'undefined' || customElements.get('resumable-chat')) return;
  customElements.define('resumable-chat', ResumableChat);
}
