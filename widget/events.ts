import type { Problem } from '#shared/problem.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import type { ChatStatus } from './session/types.ts';

/** The events of `<resumable-chat>` by name, each with its detail. All bubble and cross shadow roots. */
export interface ChatEventMap {
  'rc-ready': CustomEvent<Record<string, never>>;
  'rc-open': CustomEvent<Record<string, never>>;
  'rc-close': CustomEvent<Record<string, never>>;
  'rc-send': CustomEvent<{ text: string }>;
  'rc-message': CustomEvent<{ message: ChatMessage }>;
  'rc-status': CustomEvent<{ status: ChatStatus; previous: ChatStatus }>;
  'rc-error': CustomEvent<{ problem: Problem }>;
  'rc-link': CustomEvent<{ href: string }>;
}

declare global {
  interface HTMLElementEventMap extends ChatEventMap {}
}
