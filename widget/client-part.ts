/**
 * The part of the widget that talks to the relay, and that sets the pace at which what comes is drawn. It is loaded
 * when it is needed first, so that a page on which nobody opens the chat does not pay for it.
 */
import { createDrawPace } from './controllers/draw-pace.ts';
import { createChatSession } from './session/chat-session.ts';
import { openStorage } from './session/open-storage.ts';

export const clientPart = {
  createChatSession,
  createDrawPace,
  openStorage,
  /** Where this file came from: the relay, when the page says nothing else. */
  origin: new URL(import.meta.url).origin,
};
export type ClientPart = typeof clientPart;
