import '../index.ts';
import type { ClientModule } from '../controllers/chat-controller.ts';
import { ResumableChat } from '../resumable-chat.ts';
import type { ChatView } from '../session/types.ts';
import { createScriptedClient, createScriptedSession, type ScriptedSession } from './scripted-session.ts';

/** The element with a conversation that a test sets. */
export class ScriptedChat extends ResumableChat {
  readonly scripted = createScriptedSession();
  /** How often the client was asked for. */
  loads = 0;

  protected override loadClient(): Promise<ClientModule> {
    this.loads += 1;
    return Promise.resolve(createScriptedClient(this.scripted));
  }
}

customElements.define('scripted-chat', ScriptedChat);

/** A chat on the page, and what is found in it. */
export interface Mounted {
  chat: ScriptedChat;
  session: ScriptedSession;
  /** Resolves when everything is drawn, nested elements too. */
  settled(): Promise<void>;
  /** The one element in the widget that matches. */
  find(selector: string): HTMLElement;
  findAll(selector: string): HTMLElement[];
  /** The composer's field. */
  field(): HTMLTextAreaElement;
  /** The button with this name. */
  button(name: string): HTMLButtonElement;
}

/** Puts a chat on the page, inline when nothing else is said; `unmountAll` takes it away again. */
export async function mount(attributes: Record<string, string> = {}, view: Partial<ChatView> = {}): Promise<Mounted> {
  const chat = document.createElement('scripted-chat') as ScriptedChat;
  for (const [name, value] of Object.entries({ mode: 'inline', ...attributes })) chat.setAttribute(name, value);
  chat.scripted.set(view);
  document.body.append(chat);

  const root = (): ShadowRoot => {
    if (!chat.shadowRoot) throw new Error('the element has no shadow root');
    return chat.shadowRoot;
  };
  const findAll = (selector: string): HTMLElement[] => [...root().querySelectorAll<HTMLElement>(selector)];
  const mounted: Mounted = {
    chat,
    session: chat.scripted,
    async settled() {
      // Streaming text is drawn once a frame; the elements drawn in it then draw themselves.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      await chat.updateComplete;
      for (const nested of findAll('rc-message, rc-composer, rc-line, rc-reasoning'))
        await (nested as ResumableChat).updateComplete;
    },
    find(selector) {
      const [found, second] = findAll(selector);
      if (!found || second) throw new Error(`${found ? 'several match' : 'nothing matches'}: ${selector}`);
      return found;
    },
    field: () => mounted.find('textarea') as HTMLTextAreaElement,
    findAll,
    button(name) {
      const found = findAll('button').filter((button) => (button.ariaLabel ?? button.textContent.trim()) === name);
      if (found.length !== 1) throw new Error(`${found.length} buttons are named ${name}`);
      return found[0] as HTMLButtonElement;
    },
  };
  await mounted.settled();
  await mounted.settled();
  return mounted;
}

/** Finishes all animations that end; endless ones go on. */
export function finishAnimations({ chat }: Mounted): void {
  for (const animation of chat.shadowRoot?.getAnimations() ?? []) {
    if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
  }
}

/** Removes all chats from the page. */
export function unmountAll(): void {
  for (const chat of document.querySelectorAll('scripted-chat, resumable-chat')) chat.remove();
}

/** The next event of this type from the element. */
export function once<D>(target: EventTarget, type: string): Promise<CustomEvent<D>> {
  return new Promise((resolve) => {
    target.addEventListener(type, (event) => resolve(event as CustomEvent<D>), { once: true });
  });
}
