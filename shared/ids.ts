import { nanoid } from 'nanoid';

/** Session ids as accepted on the wire; the relay mints 21 characters of nanoid. */
export const SESSION_ID_PATTERN = /^[A-Za-z0-9_-]{16,64}$/;

/** Message ids as accepted on the wire, a client's own included. */
export const MESSAGE_ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** A fresh id for a session, a message, a run or a token: 21 characters, 126 bits. */
export function newId(): string {
  return nanoid();
}

/** Whether the text is a session id as accepted on the wire. */
export function isSessionId(text: string): boolean {
  return SESSION_ID_PATTERN.test(text);
}
