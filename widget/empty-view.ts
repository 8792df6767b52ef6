import type { ChatView } from './session/types.ts';

/** The view before anything is known. */
export const EMPTY_VIEW: ChatView = {
  status: 'idle',
  sessionId: null,
  messages: [],
  run: null,
  problem: null,
  retryAt: null,
  pending: null,
  unsent: null,
  dimmed: [],
  recoveries: 0,
  stopping: false,
  restoring: false,
  readOnly: false,
  ended: false,
};
