import { withFeedback } from '#shared/feedback.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import type { ClientModule } from '../controllers/chat-controller.ts';
import { EMPTY_VIEW } from '../empty-view.ts';
import type { ChatSession, ChatView, SessionCredentials } from '../session/types.ts';

/** A conversation whose view a test sets, to see how each state is drawn. */
export interface ScriptedSession extends ChatSession {
  /** Changes the view, as the relay or the network would. */
  set(change: Partial<ChatView>): void;
  /** What the element asked for, in order: `send Hello`, `stop`, `open` … */
  readonly calls: string[];
  /** Whether the relay stores a rating. */
  keepsRatings: boolean;
}

/** Creates a scripted conversation. */
export function createScriptedSession(initial: Partial<ChatView> = {}): ScriptedSession {
  let view: ChatView = { ...EMPTY_VIEW, ...initial };
  let credentials: SessionCredentials | null = null;
  let scheduled = false;
  const listeners = new Set<(view: ChatView) => void>();
  const calls: string[] = [];

  function set(change: Partial<ChatView>): void {
    view = { ...view, ...change };
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      for (const listener of listeners) listener(view);
    });
  }

  const note = (call: string): Promise<boolean> => {
    calls.push(call);
    return Promise.resolve(true);
  };

  const session: ScriptedSession = {
    calls,
    set,
    keepsRatings: true,
    get view() {
      return view;
    },
    get credentials() {
      return credentials;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open: () => void calls.push('open'),
    close: () => void calls.push('close'),
    send: (text, { parentId } = {}) =>
      note(parentId === undefined ? `send ${text}` : `send ${text} after ${parentId || 'nothing'}`),
    regenerate: (messageId) => note(`regenerate ${messageId ?? 'last'}`),
    async rate(messageId, rating) {
      await note(`rate ${messageId} ${rating}`);
      if (!session.keepsRatings) return false;
      const rated = (message: ChatMessage): ChatMessage => withFeedback(message, rating && { rating });
      set({ messages: view.messages.map((message) => (message.id === messageId ? rated(message) : message)) });
      return true;
    },
    retry: () => note('retry'),
    async stop() {
      await note('stop');
    },
    newChat() {
      calls.push('newChat');
      set(EMPTY_VIEW);
    },
    dismiss: () => void calls.push('dismiss'),
    join(joined) {
      calls.push(`join ${joined.sessionId}`);
      credentials = joined;
      set({ sessionId: joined.sessionId });
    },
  };
  return session;
}

/** Creates what an element's `loadClient` resolves to, so that it gets this session. */
export function createScriptedClient(session: ChatSession): ClientModule {
  return {
    createChatSession: () => session,
    createDrawPace: drawEachFrame,
    openStorage: () => ({ read: () => null, write: () => undefined, subscribe: () => () => undefined }),
  };
}

/** Draws streaming text in the next frame, so that tests need not wait for the pace. */
const drawEachFrame: ClientModule['createDrawPace'] = (render) => {
  let frame: number | null = null;
  return {
    draw() {
      frame ??= requestAnimationFrame(() => {
        frame = null;
        void render();
      });
    },
    cancel() {
      if (frame !== null) cancelAnimationFrame(frame);
      frame = null;
    },
  };
};
