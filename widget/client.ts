/** What the element loads to talk to the relay: with the first opening, the first prompt, or a stored session. */
export { createDrawPace } from './draw-pace.ts';
export { createChatSession } from './session/chat-session.ts';
export { openStorage } from './session/open-storage.ts';
