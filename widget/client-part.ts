/**
 * The part of the widget that talks to the relay. It is loaded when it is needed first, so that a page on which
 * nobody opens the chat does not pay for it.
 */
export { createChatSession } from './session/chat-session.ts';
export { openStorage } from './session/open-storage.ts';

/** Where this file came from: the relay, when the page says nothing else. */
export const origin = new URL(import.meta.url).origin;
