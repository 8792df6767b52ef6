import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { ChatMessage, Rating } from '#shared/protocol.ts';
import type { AnnounceController } from './controllers/announce-controller.ts';
import { ChatController, type ClientPart } from './controllers/chat-controller.ts';
import { PanelController, type PanelElements } from './controllers/panel-controller.ts';
import { PanelPartController } from './controllers/panel-part-controller.ts';
import { ScrollController } from './controllers/scroll-controller.ts';
import { isCredentials } from './controllers/stored-session.ts';
import { renderLauncher } from './elements/launcher.ts';
import { readMarkdown } from './elements/message-text.ts';
import type { PanelActions } from './elements/panel.ts';
import type { RcComposer } from './elements/rc-composer.ts';
import { launcher } from './elements/styles/launcher.ts';
import { root } from './elements/styles/root.ts';
import { suggestionsConverter } from './elements/suggestions.ts';
import { en, type Strings } from './locales/en.ts';
import { scriptOrigin } from './script-origin.ts';
import type { StorageKind } from './session/storage.ts';
import type { ChatSession, ChatStatus, ChatView, SessionCredentials } from './session/types.ts';

export type ChatMode = 'floating' | 'inline';
export type ChatTheme = 'auto' | 'light' | 'dark';
export type ChatPosition = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

/**
 * A chat whose answers cannot be lost.
 *
 * @attr relay - the relay's origin; when not given, the origin this script came from
 * @attr mode - `floating` behind a launcher, or `inline` where the element stands
 * @attr open - the floating panel is open
 * @attr theme - light, dark, or as the visitor's system is
 * @attr accent - a CSS colour for the launcher, the Send button and what is alive
 * @attr position - the corner of the window it floats in
 * @attr heading - the panel's title
 * @attr greeting - what an empty chat says
 * @attr placeholder - what an empty composer says
 * @attr suggestions - prompts to click in an empty chat: a JSON array, or one a line
 * @attr storage - where the session is remembered: in the browser, in this tab, or nowhere
 * @attr allow-images - images in answers are fetched and shown
 * @attr lang - the language of the `strings`
 * @attr dir - `rtl` turns the layout round
 *
 * @fires rc-ready - the element can be used
 * @fires rc-open - the panel was opened
 * @fires rc-close - the panel was closed
 * @fires rc-send - `detail: {text}`, the visitor or the page sends a prompt
 * @fires rc-message - `detail: {message}`, a prompt was accepted, or an answer has ended
 * @fires rc-status - `detail: {status, previous}`
 * @fires rc-error - `detail: {problem}`
 * @fires rc-link - `detail: {href}`, a link in an answer was clicked; cancelable
 *
 * @slot launcher - instead of the round button; a click on it opens and closes
 * @slot header - beside the heading
 * @slot empty - instead of the greeting
 * @slot footer - under the composer
 *
 * @csspart launcher - @csspart badge - @csspart panel - @csspart header - @csspart heading - @csspart status
 * @csspart status-dot - @csspart header-button - @csspart export-button - @csspart new-chat-button
 * @csspart close-button
 * @csspart messages - @csspart message - @csspart user-message - @csspart assistant-message
 * @csspart code-block - @csspart copy-button - @csspart inline-code - @csspart reasoning - @csspart tool
 * @csspart tool-details - @csspart sources - @csspart source - @csspart citation - @csspart file - @csspart image
 * @csspart retry-button - @csspart copy-message-button
 * @csspart rate-button - @csspart rate-up-button - @csspart rate-down-button
 * @csspart edit-button - @csspart editor - @csspart edit-input - @csspart cancel-button - @csspart send-again-button
 * @csspart empty - @csspart greeting - @csspart suggestions - @csspart suggestion - @csspart restoring
 * @csspart notice - @csspart notice-button - @csspart jump-button
 * @csspart composer - @csspart input - @csspart send-button - @csspart stop-button
 *
 * @cssproperty --rc-accent - the colour of the launcher, the Send button and what is alive
 * @cssproperty --rc-font - font family
 * @cssproperty --rc-font-display - font family of the greeting
 * @cssproperty --rc-font-size - 15.5px
 * @cssproperty --rc-surface - background
 * @cssproperty --rc-ink - text
 * @cssproperty --rc-radius - of the panel, 16px
 * @cssproperty --rc-width - of the floating panel, 400px
 * @cssproperty --rc-height - of the panel, 640px floating and 600px inline
 * @cssproperty --rc-inset - distance of the launcher from the window's edges, 20px
 * @cssproperty --rc-z-index - 2147483000
 */
export class ResumableChat extends LitElement {
  static override styles = [root, launcher];

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, 'lang'];
  }

  static override properties = {
    relay: {},
    mode: { reflect: true },
    open: { type: Boolean, reflect: true },
    theme: {},
    accent: {},
    position: {},
    heading: {},
    greeting: {},
    placeholder: {},
    suggestions: { converter: suggestionsConverter },
    onlySession: { attribute: 'session-id' },
    syncUrl: { attribute: 'sync-url' },
    storage: {},
    allowImages: { type: Boolean, attribute: 'allow-images' },
    unread: { state: true },
  };

  declare relay: string;
  declare mode: ChatMode;
  declare open: boolean;
  declare theme: ChatTheme;
  declare accent: string;
  declare position: ChatPosition;
  declare heading: string;
  declare greeting: string;
  declare placeholder: string;
  declare suggestions: readonly string[];
  /** The attribute `session-id`: go on with this session only, if its token is stored here. */
  declare onlySession: string | null;
  /** The name of a query parameter that shows the session's id. The id alone gives nobody access. */
  declare syncUrl: string | null;
  declare storage: StorageKind;
  declare allowImages: boolean;
  /** Answers that have come since the conversation was last looked at. */
  declare private unread: number;

  #strings: Strings = en;
  /** What the panel shows: the latest view, or, while it is closed, the last one that was looked at. */
  #shown: ChatView | null = null;

  readonly #chat = new ChatController(this, {
    load: () => this.loadClient(),
    relay: () => trimOrigin(this.relay) || scriptOrigin,
    storageKind: () => this.storage,
    onlySession: () => this.onlySession || null,
    onStatus: (status, previous) => this.#emit('rc-status', { status, previous }),
    onMessage: (message) => this.#onMessage(message),
    onProblem: (problem) => this.#emit('rc-error', { problem }),
    onShared: () => (this.open = true),
    onSession: (sessionId) => this.#showInUrl(sessionId),
    onUnsent: (text) => this.#composer?.giveBack(text),
  });
  readonly #panelPart = new PanelPartController(this, () => this.hide());
  /** Comes with what is said later; nothing is said before. */
  #announcer: AnnounceController | null = null;
  /** The conversation was seen coming back. */
  #wasRestoring = false;
  readonly #panel = new PanelController(this, {
    find: () => this.#findPanel(),
    isOpen: () => this.#floats && this.open,
    close: () => this.hide(),
  });
  readonly #scroll = new ScrollController(this, () => {
    const scroller = this.renderRoot.querySelector<HTMLElement>('.messages');
    const content = scroller?.querySelector<HTMLElement>('.content');
    return scroller && content ? { scroller, content } : null;
  });

  constructor() {
    super();
    this.relay = '';
    this.mode = 'floating';
    this.open = false;
    this.theme = 'auto';
    this.accent = '';
    this.position = 'bottom-right';
    this.heading = '';
    this.greeting = '';
    this.placeholder = '';
    this.suggestions = [];
    this.onlySession = null;
    this.syncUrl = null;
    this.storage = 'local';
    this.allowImages = false;
    this.unread = 0;
    this.#takeEarlyValues();
  }

  // --- For the page ----------------------------------------------------------------------------------------------

  /** Opens the panel and puts the focus into it. Does nothing when inline. */
  show(): void {
    if (!this.#floats || this.open) return;
    this.open = true;
    void this.updateComplete.then(() => this.#panel.moveFocusIn());
  }

  /** Closes the panel and gives the focus back. Does nothing when inline. */
  hide(): void {
    if (!this.#floats || !this.open) return;
    const hadFocus = this.#panel.hasFocus;
    this.open = false;
    void this.updateComplete.then(() => this.#panel.moveFocusBack(hadFocus));
  }

  toggle(): void {
    if (this.open) this.hide();
    else this.show();
  }

  /**
   * Sends a prompt. Resolves to true once the relay has stored it, to false when it came to nothing; `rc-error` says
   * why. With `parentId` it is an edit: everything after that message is dropped first; `""` means everything.
   */
  async send(text: string, options: { parentId?: string } = {}): Promise<boolean> {
    if (text.trim() === '') return false;
    this.#emit('rc-send', { text });
    this.#scroll.toEnd();
    const client = await this.#start();
    return (await client?.send(text, options)) ?? false;
  }

  /** Stops the answer that is being written, wherever it was asked for. */
  async stop(): Promise<void> {
    await this.client?.stop();
  }

  /** Asks for another answer to a user's message; to the last one when no id is given. Resolves as `send` does. */
  async regenerate(messageId?: string): Promise<boolean> {
    this.#scroll.toEnd();
    const client = await this.#start();
    return (await client?.regenerate(messageId)) ?? false;
  }

  /**
   * Says what the reader thinks of an answer; null takes it back. Shown at once, as `metadata.feedback` of the message.
   * Resolves to true once the relay has kept it.
   */
  async rate(messageId: string, rating: Rating | null, comment?: string): Promise<boolean> {
    return (await this.client?.rate(messageId, rating, comment)) ?? false;
  }

  /** The conversation as one markdown text; null when the part that writes it cannot be loaded. */
  async exportMarkdown(): Promise<string | null> {
    const part = await this.#panelPart.load();
    return (await part?.writeMarkdown(this.messages, this.#title, this.#strings)) ?? null;
  }

  /** Leaves this conversation and starts with an empty one. */
  newChat(): void {
    void this.#start().then((client) => client?.newChat());
  }

  get messages(): readonly ChatMessage[] {
    return this.#chat.view.messages;
  }

  get status(): ChatStatus {
    return this.#chat.view.status;
  }

  get sessionId(): string | null {
    return this.#chat.view.sessionId;
  }

  set sessionId(sessionId: string | null) {
    this.onlySession = sessionId;
  }

  /** What another device needs to join this conversation; set it there. Null before the first prompt. */
  get session(): SessionCredentials | null {
    return this.client?.credentials ?? null;
  }

  set session(credentials: SessionCredentials | null) {
    if (credentials === null) this.newChat();
    else if (!isCredentials(credentials)) throw new TypeError('session must be {sessionId, token}');
    else void this.#start().then((client) => client?.join(credentials));
  }

  /** Every text of the widget; set some of them to override these. */
  get strings(): Strings {
    return this.#strings;
  }

  set strings(strings: Partial<Strings> | null | undefined) {
    this.#strings = { ...en, ...strings };
    this.requestUpdate();
  }

  /** The framework-free client below; null until it was needed. */
  get client(): ChatSession | null {
    return this.#chat.client;
  }

  /** What a page set before this class was defined stands on the element itself and hides the accessors above. */
  #takeEarlyValues(): void {
    for (const name of ['strings', 'session', 'sessionId'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
  }

  // --- Life ------------------------------------------------------------------------------------------------------

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'lang') this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const others = changed.has('relay') || changed.has('storage') || changed.has('onlySession');
    if (this.hasUpdated && others) this.#chat.reset();
    const shows = changed.has('open') || changed.has('mode');
    if (this.hasUpdated && this.#isVisible && (others || shows)) void this.#start();
    if (this.#isVisible) {
      this.#shown = this.#chat.view;
      this.unread = 0;
      void this.#panelPart.load();
      this.#wasRestoring ||= this.#chat.view.restoring;
    }
    this.#announcer ??= this.#findAnnouncer();
  }

  #findAnnouncer(): AnnounceController | null {
    const announcer = this.#panelPart.later?.accompany(this, {
      view: () => this.#chat.view,
      strings: () => this.#strings,
      restoring: this.#wasRestoring,
      countsUntil: () => (this.#isVisible ? this.#chat.view.retryAt : null),
    });
    return announcer ?? null;
  }

  /** What is drawn counts as drawn with its panel. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const settled = await super.getUpdateComplete();
    await this.#panelPart.settled();
    return (await super.getUpdateComplete()) && settled;
  }

  protected override firstUpdated(): void {
    const ready = this.#isVisible || this.#chat.hasStoredSession ? this.#start() : Promise.resolve();
    void Promise.all([ready, this.#panelPart.settled()]).then(() => this.#emit('rc-ready', {}));
  }

  protected override updated(changed: PropertyValues<this>): void {
    const root = this.renderRoot.querySelector<HTMLElement>('.root');
    // Through the object model, for a style attribute is what a strict Content-Security-Policy forbids.
    if (changed.has('accent') && root) {
      if (CSS.supports('color', this.accent)) root.style.setProperty('--_accent-attribute', this.accent);
      else root.style.removeProperty('--_accent-attribute');
    }
    if (changed.has('open') && changed.get('open') !== undefined) this.#emit(this.open ? 'rc-open' : 'rc-close', {});
    this.#chat.setWatched(this.#isVisible);
  }

  /** Fetches the client; in tests, a scripted one. */
  protected loadClient(): Promise<ClientPart> {
    return import('./client-part.ts').then(({ clientPart }) => clientPart);
  }

  get #floats(): boolean {
    return this.mode !== 'inline';
  }

  /** The conversation is on the page, and not behind the launcher. */
  get #isVisible(): boolean {
    return !this.#floats || this.open;
  }

  /** The heading, as it is shown. */
  get #title(): string {
    return this.heading || this.#strings.heading;
  }

  #findPanel(): PanelElements | null {
    const panel = this.renderRoot.querySelector<HTMLElement>('.panel');
    if (!panel) return null;
    return { panel, input: this.#composer?.input ?? null, launcher: this.renderRoot.querySelector('.launcher') };
  }

  get #composer(): RcComposer | null {
    return this.renderRoot.querySelector('rc-composer');
  }

  #emit(type: string, detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, cancelable, detail }));
  }

  /** The client; null when it cannot be loaded, which the view then says. Never rejects. */
  async #start(): Promise<ChatSession | null> {
    try {
      return await this.#chat.start();
    } catch (error) {
      // The page's own error log is where its developer will look: a blocked or missing file.
      console.error(error);
      return null;
    }
  }

  #onMessage(message: ChatMessage): void {
    if (message.role === 'assistant' && !this.#isVisible) this.unread += 1;
    this.#announcer?.announceMessage(message);
    this.#emit('rc-message', { message });
  }

  #showInUrl(sessionId: string | null): void {
    if (!this.syncUrl) return;
    const url = new URL(location.href);
    if (sessionId === null) url.searchParams.delete(this.syncUrl);
    else url.searchParams.set(this.syncUrl, sessionId);
    if (url.href !== location.href) history.replaceState(history.state, '', url);
  }

  // --- What a visitor does ---------------------------------------------------------------------------------------

  readonly #actions: PanelActions = {
    close: () => this.hide(),
    newChat: () => {
      this.newChat();
      this.#panel.focusInput();
    },
    send: (text) => {
      void this.send(text).then(() => {
        // Without a client nobody else keeps the text.
        if (!this.client) this.#composer?.giveBack(text);
      });
    },
    prompts: () =>
      this.#chat.view.messages.flatMap(({ role, parts }) => (role === 'user' ? [readMarkdown(parts)] : [])),
    pick: (text) => {
      void this.send(text);
      this.#panel.focusInput();
    },
    stop: () => void this.stop(),
    retry: () => {
      const { unsent } = this.#chat.view;
      if (unsent) this.#composer?.takeBack(unsent.text);
      void this.#start().then((client) => client?.retry());
      this.#panel.focusInput();
    },
    regenerate: () => {
      void this.regenerate();
      // The button goes with its answer.
      this.#panel.focusInput();
    },
    edit: ({ messageId, text }) => {
      const { messages } = this.#chat.view;
      const at = messages.findIndex(({ id }) => id === messageId);
      // Its message has gone meanwhile, by another tab's edit: then it is the composer that keeps the text.
      if (at === -1) this.#composer?.giveBack(text);
      else void this.send(text, { parentId: messages[at - 1]?.id ?? '' });
      this.#panel.focusInput();
    },
    rate: ({ messageId, rating }) => {
      // That a button is pressed no more is read out by itself; and when it came to nothing, the notice that says so.
      void this.rate(messageId, rating).then((kept) => {
        if (kept && rating) this.#announcer?.announce(this.#strings.announceRated);
      });
    },
    save: () => {
      const saved = this.#panelPart.part?.saveMarkdown(this.messages, this.#title, this.#strings);
      void saved?.then((outcome) => this.#announcer?.announce(outcome));
    },
    jump: () => {
      this.#scroll.toEnd();
      this.#panel.focusInput();
    },
    copied: () => this.#announcer?.announce(this.#strings.announceCopied),
    followLink: (href) => this.#emit('rc-link', { href }, true),
  };

  readonly #onToggle = (): void => this.toggle();

  /** Whoever points at the launcher will most likely open it. */
  readonly #onNear = (): void => void this.#panelPart.load();

  // --- Drawing ---------------------------------------------------------------------------------------------------

  protected override render(): TemplateResult {
    const { run } = this.#chat.view;
    const strings = this.#strings;
    const hidden = !this.#isVisible;
    const { open, unread } = this;
    const launcher = {
      ...{ strings, open, unread },
      writing: hidden && run !== null,
      onToggle: this.#onToggle,
      onNear: this.#onNear,
    };
    return html`<div
      class="root ${this.#floats ? `floating ${this.position}` : 'inline'} ${this.theme}"
      lang=${this.lang || 'en'}
    >
      ${this.#shown ? this.#renderPanel(this.#shown, hidden) : nothing}
      ${this.#floats ? renderLauncher(launcher) : nothing}
      <div class="sr" role="status">${this.#announcer?.text}</div>
    </div>`;
  }

  #renderPanel(view: ChatView, hidden: boolean): TemplateResult | typeof nothing {
    const { part } = this.#panelPart;
    if (!part) return nothing;
    const { heading, greeting, placeholder, suggestions, allowImages } = this;
    return part.renderPanel({
      ...{ view, hidden, heading, greeting, placeholder, suggestions, allowImages },
      strings: this.#strings,
      actions: this.#actions,
      floats: this.#floats,
      modal: this.#panel.isModal,
      following: this.#scroll.following,
    });
  }
}

/** `https://relay.example/` and `https://relay.example` are the same relay, and one key in the storage. */
function trimOrigin(text: string): string {
  return text.trim().replace(/\/+$/, '');
}
