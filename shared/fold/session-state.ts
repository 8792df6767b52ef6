import { START, type Cursor } from '../cursor.ts';
import type { ActiveRun, ChatMessage } from '../protocol.ts';
import type { Reply } from './reply.ts';

/** The state of a session: the fold of its log up to `cursor`. Immutable; unchanged parts are shared between states. */
export interface SessionState {
  readonly messages: readonly ChatMessage[];
  /** The active run. Null when there is none, and after a snapshot until the entries of the active run arrive. */
  readonly run: ActiveRun | null;
  /** The id of the last frame folded in. */
  readonly cursor: Cursor;
  /** Internal to the fold: the reply being written, which is also the last of `messages`. */
  readonly reply: Reply | null;
}

/** A session whose log is empty. */
export const EMPTY_SESSION: SessionState = { messages: [], run: null, cursor: START, reply: null };
