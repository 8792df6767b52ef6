import { createChatSession } from '../chat-session.ts';
import type {
  ChatSession,
  ChatView,
  CredentialStorage,
  Lifecycle,
  LifecycleEvent,
  SessionCredentials,
} from '../types.ts';

const PATIENCE_MS = 20_000;

/** One browser profile: what one tab writes, the others hear. */
export function createFakeProfile(stored: SessionCredentials | null = null): { tab(): CredentialStorage } {
  const tabs = new Set<{ listeners: Set<() => void> }>();
  let text = JSON.stringify(stored);
  return {
    tab() {
      const own = { listeners: new Set<() => void>() };
      tabs.add(own);
      return {
        read: () => JSON.parse(text) as SessionCredentials | null,
        write(credentials) {
          text = JSON.stringify(credentials);
          for (const tab of tabs) {
            if (tab !== own) for (const listener of tab.listeners) setTimeout(listener);
          }
        },
        subscribe(listener) {
          own.listeners.add(listener);
          return () => void own.listeners.delete(listener);
        },
      };
    },
  };
}

/** A page whose life is in the test's hand. */
export interface FakePage extends Lifecycle {
  online: boolean;
  visible: boolean;
  emit(event: LifecycleEvent): void;
  readonly listeners: number;
}

/** How many lines there are for the pages of one browser. */
export interface FakePlaces {
  shown: number;
  hidden: number;
}

/** `places` are those that are free; pages of one browser share them. */
export function createFakePage(places: FakePlaces = { shown: 3, hidden: 2 }): FakePage {
  const listeners = new Set<(event: LifecycleEvent) => void>();
  const page: FakePage = {
    online: true,
    visible: true,
    get listeners() {
      return listeners.size;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async reserveLine(kind) {
      await Promise.resolve();
      if (places[kind] === 0) return null;
      places[kind] -= 1;
      return () => void (places[kind] += 1);
    },
    emit(event) {
      if (event === 'online' || event === 'offline') page.online = event === 'online';
      else page.visible = event === 'shown';
      for (const listener of listeners) listener(event);
    },
  };
  return page;
}

/** A chat with everything that a test may want to know of it. */
export interface OpenChat extends AsyncDisposable {
  readonly chat: ChatSession;
  /** Each view that a listener was given. */
  readonly views: ChatView[];
  /** Resolves with the first view, from now on, that is as said; rejects after 20 s. */
  until(what: (view: ChatView) => boolean): Promise<ChatView>;
}

export interface OpenChatOptions {
  relay: string;
  storage?: CredentialStorage;
  lifecycle?: Lifecycle;
  fetch?: typeof fetch;
}

export function openChat({ storage = createFakeProfile().tab(), ...options }: OpenChatOptions): OpenChat {
  const chat = createChatSession({ lifecycle: createFakePage(), ...options, storage });
  const views: ChatView[] = [];
  chat.subscribe((view) => views.push(view));
  chat.open();
  return {
    chat,
    views,
    until: (what) => untilView(chat, what),
    async [Symbol.asyncDispose]() {
      chat.close();
    },
  };
}

/** The text of the last message that the assistant wrote; '' when there is none. */
export function lastAnswer({ messages }: ChatView): string {
  const last = messages.findLast(({ role }) => role === 'assistant');
  return (last?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function untilView(chat: ChatSession, what: (view: ChatView) => boolean): Promise<ChatView> {
  return new Promise((resolve, reject) => {
    if (what(chat.view)) return resolve(chat.view);
    const timer = setTimeout(() => {
      end();
      const { messages, ...rest } = chat.view;
      const said = { ...rest, messages: messages.length, lastAnswer: lastAnswer(chat.view).slice(-100) };
      reject(new Error(`it never came to that; the view is ${JSON.stringify(said)}`));
    }, PATIENCE_MS);
    const end = chat.subscribe((view) => {
      if (!what(view)) return;
      clearTimeout(timer);
      end();
      resolve(view);
    });
  });
}
