/** Defines `<resumable-chat>`: `.` of the package. */
import { defineElement } from './define-element.ts';
import type { ResumableChat } from './resumable-chat.ts';

// In the declarations too, so that `document.createElement('resumable-chat')` has its type.
export type { ResumableChat } from './resumable-chat.ts';

defineElement();

// Not in define-element.ts: the emitted index.d.ts imports nothing from there, so a page would not get the type.
declare global {
  interface HTMLElementTagNameMap {
    'resumable-chat': ResumableChat;
  }
}
