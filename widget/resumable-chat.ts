import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { ChatMessage, Rating } from '#shared/protocol.ts';
import { ChatController, type ClientModule } from './controllers/chat-controller.ts';
import { FieldEventsController } from './controllers/field-events-controller.ts';
import { FocusController } from './controllers/focus-controller.ts';
import { LazyModuleController } from './controllers/lazy-module-controller.ts';
import { LocaleController } from './controllers/locale-controller.ts';
import { readDefaultRelay, trimOrigin } from './default-relay.ts';
import { takeEarlyValues } from './element-values.ts';
import type { ChatEventMap } from './events.ts';
import { launcherStyles } from './launcher/launcher.styles.ts';
import { renderLauncher, renderUnavailable } from './launcher/launcher.ts';
import { clientModule, panelModule } from './lazy-modules.ts';
import type { Strings } from './locales/en.ts';
import { createPanelActions } from './panel-actions.ts';
import type { RcPanel } from './panel/rc-panel.ts';
import { rootStyles } from './resumable-chat.styles.ts';
import { isCredentials } from './session/is-credentials.ts';
import type { StorageKind } from './session/storage.ts';
import type { ChatSession, ChatStatus, ChatView, SessionCredentials } from './session/types.ts';
import { suggestionsConverter } from './suggestions-converter.ts';
import { syncUrl } from './sync-url.ts';

export type { ChatEventMap } from './events.ts';

/** Behind a launcher in a corner of the window, or where the element stands. */
export type ChatMode = 'floating' | 'inline';
/** Light, dark, or as the visitor's system is. */
export type ChatTheme = 'auto' | 'light' | 'dark';
/** The corner of the window that a floating chat is in. */
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
  static override styles = [rootStyles, launcherStyles];

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

  // --- Controllers -----------------------------------------------------------------------------------------------

  readonly #locale = new LocaleController(this);
  readonly #panelModule = new LazyModuleController(this, panelModule);
  readonly #chat = new ChatController(this, {
    load: () => this.loadClient(),
    relay: () => trimOrigin(this.relay) || readDefaultRelay(),
    storageKind: () => this.storage,
    onlySession: () => this.onlySession || null,
    onStatus: (status, previous) => this.#emit('rc-status', { status, previous }),
    onMessage: (message) => this.#onMessage(message),
    onProblem: (problem) => this.#emit('rc-error', { problem }),
    onShared: () => (this.open = true),
    onSession: (sessionId) => this.syncUrl && syncUrl(this.syncUrl, sessionId),
    onUnsent: (text) => this.#panel?.giveBack(text),
  });
  readonly #focus = new FocusController(this, {
    find: () => this.#findFocusStops(),
    isOpen: () => this.#floats && this.open,
    close: () => this.hide(),
  });

  // --- Queries ---------------------------------------------------------------------------------------------------

  get #panel(): RcPanel | null {
    return this.renderRoot.querySelector('rc-panel');
  }

  #findFocusStops() {
    const panel = this.renderRoot.querySelector<HTMLElement>('.panel');
    if (!panel) return null;
    const launcher = this.renderRoot.querySelector<HTMLElement>('.launcher');
    return { panel, input: this.#panel?.input ?? null, launcher };
  }

  // --- State -----------------------------------------------------------------------------------------------------

  /** Answers that came while nobody looked at the conversation. */
  declare private unread: number;
  /** The conversation as the panel shows it: the latest view or, while closed, the one that was looked at last. */
  #shown: ChatView | null = null;
  /** The conversation was seen while it was being restored. */
  #wasRestoring = false;
  /** A visitor has opened the panel: the focus moves into it once it is drawn. */
  #focusDue = false;

  // --- Properties ------------------------------------------------------------------------------------------------

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
  /** The attribute `session-id`: resume this session only, if its token is stored here. */
  declare onlySession: string | null;
  /** The name of a query parameter that shows the session's id. The id alone gives nobody access. */
  declare syncUrl: string | null;
  declare storage: StorageKind;
  declare allowImages: boolean;

  constructor() {
    super();
    new FieldEventsController(this);
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
    takeEarlyValues(this, ['strings', 'session', 'sessionId']);
  }

  /** The conversation, as the AI SDK's messages. */
  get messages(): readonly ChatMessage[] {
    return this.#chat.view.messages;
  }

  /** The state of the connection and of the answer. */
  get status(): ChatStatus {
    return this.#chat.view.status;
  }

  /** The session on view; null before the first prompt. Setting it is setting `session-id`. */
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

  // Frameworks set properties that a page does not give to null or undefined.
  set session(credentials: SessionCredentials | null | undefined) {
    if (credentials === null || credentials === undefined) return;
    if (!isCredentials(credentials)) throw new TypeError('session must be {sessionId, token}');
    void this.#start().then((client) => client?.join(credentials));
  }

  /** Every text of the widget, in the language of `lang`; set some of them to override these. */
  get strings(): Strings {
    return this.#locale.strings;
  }

  set strings(strings: Partial<Strings> | null | undefined) {
    this.#locale.override(strings ?? null);
  }

  /** The framework-free client below; null until it was needed. */
  get client(): ChatSession | null {
    return this.#chat.client;
  }

  get #floats(): boolean {
    return this.mode !== 'inline';
  }

  /** The conversation is on the page, and not behind the launcher. */
  get #isVisible(): boolean {
    return !this.#floats || this.open;
  }

  get #title(): string {
    return this.heading || this.strings.heading;
  }

  // --- Methods ---------------------------------------------------------------------------------------------------

  /** Opens the panel and moves the focus into it. Does nothing when inline. */
  show(): void {
    if (!this.#floats || this.open) return;
    this.open = true;
    this.#focusDue = true;
  }

  /** Closes the panel and moves the focus back. Does nothing when inline. */
  hide(): void {
    if (!this.#floats || !this.open) return;
    const { hasFocus } = this.#focus;
    this.open = false;
    this.#focusDue = false;
    void this.updateComplete.then(() => this.#focus.moveFocusBack(hasFocus));
  }

  /** Opens the panel, or closes it. */
  toggle(): void {
    if (this.open) this.hide();
    else this.show();
  }

  /**
   * Sends a prompt. Resolves to true once the relay has stored it, to false when it could not be sent; `rc-error` says
   * why. With `parentId` it is an edit: everything after that message is dropped first; `""` means everything.
   */
  async send(text: string, options: { parentId?: string } = {}): Promise<boolean> {
    if (text.trim() === '') return false;
    this.#emit('rc-send', { text });
    this.#panel?.scrollToEnd();
    const client = await this.#start();
    return (await client?.send(text, options)) ?? false;
  }

  /** Stops the answer that is being written, wherever it was asked for. */
  async stop(): Promise<void> {
    await this.client?.stop();
  }

  /** Asks for another answer to a user's message; to the last one when no id is given. Resolves as `send` does. */
  async regenerate(messageId?: string): Promise<boolean> {
    this.#panel?.scrollToEnd();
    const client = await this.#start();
    return (await client?.regenerate(messageId)) ?? false;
  }

  /**
   * Says what the reader thinks of an answer; null takes it back. Shown at once, as `metadata.feedback` of the message.
   * Resolves to true once the relay has stored it.
   */
  async rate(messageId: string, rating: Rating | null, comment?: string): Promise<boolean> {
    return (await this.client?.rate(messageId, rating, comment)) ?? false;
  }

  /** The conversation as one markdown text; null when the file that writes it cannot be loaded. */
  async exportMarkdown(): Promise<string | null> {
    try {
      const { writeMarkdown } = await panelModule.load();
      return writeMarkdown(this.messages, this.#title, this.strings);
    } catch {
      // The module has logged why.
      return null;
    }
  }

  /** Leaves this conversation and starts with an empty one. */
  newChat(): void {
    void this.#start().then((client) => client?.newChat());
  }

  /** Makes one attempt to load the client; in tests, a scripted one. */
  protected loadClient(): Promise<ClientModule> {
    return clientModule.load();
  }

  /** The client; null when it cannot be loaded, which the view then says. Never rejects. */
  async #start(): Promise<ChatSession | null> {
    try {
      return await this.#chat.start();
    } catch {
      return null;
    }
  }

  #emit<Name extends keyof ChatEventMap>(
    type: Name,
    detail: ChatEventMap[Name]['detail'],
    cancelable = false,
  ): boolean {
    return this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, cancelable, detail }));
  }

  // --- Handlers --------------------------------------------------------------------------------------------------

  readonly #actions = createPanelActions({
    view: () => this.#chat.view,
    client: () => this.client,
    panel: () => this.#panel,
    start: () => this.#start(),
    hide: () => this.hide(),
    newChat: () => this.newChat(),
    send: (text, options) => this.send(text, options),
    stop: () => this.stop(),
    regenerate: () => this.regenerate(),
    rate: (messageId, rating) => this.rate(messageId, rating),
    focusField: () => this.#focus.focusInput(),
    followLink: (href) => this.#emit('rc-link', { href }, true),
  });

  readonly #onToggle = (): void => this.toggle();

  /** Preloads on hover: a visitor who points at the launcher will most likely open it. */
  readonly #onNear = (): void => this.#panelModule.want();

  #onMessage(message: ChatMessage): void {
    if (message.role === 'assistant') {
      if (!this.#isVisible) this.unread += 1;
      this.#panel?.announceAnswer(message);
    }
    this.#emit('rc-message', { message });
  }

  // --- Life cycle ------------------------------------------------------------------------------------------------

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'lang') this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const isAnother = changed.has('relay') || changed.has('storage') || changed.has('onlySession');
    const isShown = changed.has('open') || changed.has('mode');
    if (this.hasUpdated) {
      if (isAnother) this.#chat.reset();
      const isNeeded = this.#isVisible ? isAnother || isShown : isAnother && this.#chat.hasStoredSession;
      if (isNeeded) void this.#start();
    }
    if (!this.#isVisible) return;
    this.#shown = this.#chat.view;
    this.unread = 0;
    this.#panelModule.want();
    this.#wasRestoring ||= this.#chat.view.restoring;
  }

  /** The panel counts as part of the element: what it draws is drawn when this resolves. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const settled = await super.getUpdateComplete();
    await this.#panelModule.settled();
    const drawn = await super.getUpdateComplete();
    await this.#panel?.updateComplete;
    return settled && drawn;
  }

  protected override firstUpdated(): void {
    const started = this.#isVisible || this.#chat.hasStoredSession ? this.#start() : Promise.resolve();
    void Promise.all([started, this.#panelModule.settled()]).then(() => this.#emit('rc-ready', {}));
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('accent')) this.#applyAccent();
    if (changed.has('open') && changed.get('open') !== undefined) this.#emit(this.open ? 'rc-open' : 'rc-close', {});
    this.#chat.setWatched(this.#isVisible);
    if (this.#focusDue && this.#panel) {
      this.#focusDue = false;
      void this.updateComplete.then(() => this.#focus.moveFocusIn());
    }
  }

  /** Through the object model: a style attribute is what a strict Content-Security-Policy forbids. */
  #applyAccent(): void {
    const root = this.renderRoot.querySelector<HTMLElement>('.root');
    if (CSS.supports('color', this.accent)) root?.style.setProperty('--_accent-attribute', this.accent);
    else root?.style.removeProperty('--_accent-attribute');
  }

  // --- Rendering -------------------------------------------------------------------------------------------------

  protected override render(): TemplateResult {
    const { open, unread, strings } = this;
    const writing = !this.#isVisible && this.#chat.view.run !== null;
    const launcher = { strings, open, unread, writing, onToggle: this.#onToggle, onNear: this.#onNear };
    return html`<div
      class="root ${this.#floats ? `floating ${this.position ?? 'bottom-right'}` : 'inline'} ${this.theme ?? 'auto'}"
      lang=${this.#locale.language}
    >
      ${this.#shown ? this.#renderPanel(this.#shown) : nothing}
      ${this.#floats ? renderLauncher(launcher) : nothing}
    </div>`;
  }

  #renderPanel(view: ChatView): TemplateResult | typeof nothing {
    const { strings } = this;
    if (!this.#panelModule.current)
      return this.#isVisible && this.#panelModule.failing ? renderUnavailable(strings) : nothing;
    return html`<rc-panel
      .view=${view}
      .strings=${strings}
      .actions=${this.#actions}
      .floats=${this.#floats}
      .closed=${!this.#isVisible}
      .modal=${this.#focus.isModal}
      .wasRestoring=${this.#wasRestoring}
      .heading=${this.#title}
      .greeting=${this.greeting}
      .placeholder=${this.placeholder}
      .suggestions=${this.suggestions ?? []}
      .allowImages=${this.allowImages}
    ></rc-panel>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'resumable-chat': ResumableChat;
  }
}
