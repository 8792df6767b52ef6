import type { Rating } from '#shared/protocol.ts';
import type { PanelActions } from './panel/actions.ts';
import type { ChatSession, ChatView } from './session/types.ts';

/** What the panel's actions need of the element. None of its promises rejects. */
export interface PanelActionsOptions {
  view(): ChatView;
  client(): ChatSession | null;
  /** The panel, as far as texts are put back into its field; null while it is not drawn. */
  panel(): { giveBack(text: string): void; takeBack(text: string): void } | null;
  start(): Promise<ChatSession | null>;
  hide(): void;
  newChat(): void;
  send(text: string, options?: { parentId: string }): Promise<boolean>;
  stop(): Promise<void>;
  regenerate(): Promise<boolean>;
  rate(messageId: string, rating: Rating | null): Promise<boolean>;
  focusField(): void;
  followLink(href: string): boolean;
}

/** Creates what the panel calls when a visitor does something in it. */
export function createPanelActions(options: PanelActionsOptions): PanelActions {
  const { view, client, panel, start, focusField } = options;
  return {
    close: options.hide,
    focusField,
    followLink: options.followLink,
    rate: options.rate,
    stop: () => void options.stop(),
    newChat() {
      options.newChat();
      focusField();
    },
    send(text) {
      void options.send(text).then(() => {
        // Without a client nobody else keeps the text.
        if (!client()) panel()?.giveBack(text);
      });
    },
    pick(text) {
      void options.send(text);
      focusField();
    },
    retry() {
      const { unsent } = view();
      if (unsent) panel()?.takeBack(unsent.text);
      void start().then((client) => client?.retry());
      focusField();
    },
    regenerate() {
      void options.regenerate();
      // The button disappears with its answer.
      focusField();
    },
    edit(messageId, text) {
      const { messages } = view();
      const at = messages.findIndex(({ id }) => id === messageId);
      // Another tab's edit has dropped the message meanwhile: then the composer keeps the text.
      if (at === -1) panel()?.giveBack(text);
      else void options.send(text, { parentId: messages[at - 1]?.id ?? '' });
      focusField();
    },
  };
}
