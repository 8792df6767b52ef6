import type { Rating } from '#shared/protocol.ts';

/** What the panel asks its element to do. */
export interface PanelActions {
  close(): void;
  newChat(): void;
  /** Sends what was typed; the composer gets it back when it could not be sent. */
  send(text: string): void;
  /** Sends a suggestion. */
  pick(text: string): void;
  stop(): void;
  /** Does again what failed: the connection, or a prompt. */
  retry(): void;
  /** Asks for another answer to the last prompt. */
  regenerate(): void;
  /** Sends an earlier prompt again with another text; everything after it is dropped. */
  edit(messageId: string, text: string): void;
  /** Resolves to true once the relay has stored what the visitor thinks of an answer. */
  rate(messageId: string, rating: Rating | null): Promise<boolean>;
  /** Moves the focus to the field. */
  focusField(): void;
  /** A link was clicked; false keeps it from being followed. */
  followLink(href: string): boolean;
}
