import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ChatMessage } from '#shared/protocol.ts';
import type { Strings } from '../locales/en.ts';
import type { LaterTools } from '../later-part.ts';
import type { ChatStatus, ChatView } from '../session/types.ts';
import { readAloud } from './read-aloud.ts';

/** An answer is read out whole up to so many characters; the rest is there to be read. */
const SPOKEN_LIMIT = 1200;

/** Until it has been taken up (ms); longer, and whoever walks through the page would come upon it a second time. */
const KEPT_MS = 3000;

export interface AnnounceControllerOptions {
  view(): ChatView;
  strings(): Strings;
  /** The conversation was seen coming back before this was there to say that it has. */
  restoring: boolean;
}

/** What there is to say. */
export interface Announcements {
  describeFailure: LaterTools['describeFailure'];
  /** What stands above the composer. */
  readNotice(view: ChatView, strings: Strings): string;
}

/**
 * What is read out to those who do not see it: that an answer has begun, the answer once it is whole, and what
 * becomes of the connection. Never a token at a time.
 */
export class AnnounceController implements ReactiveController {
  text = '';

  readonly #host: ReactiveControllerHost;
  readonly #options: AnnounceControllerOptions;
  readonly #says: Announcements;
  #status: ChatStatus = 'idle';
  #runId: string | null = null;
  #notice = '';
  #restoring: boolean;
  #clearing: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost, options: AnnounceControllerOptions, says: Announcements) {
    this.#host = host;
    this.#options = options;
    this.#says = says;
    this.#restoring = options.restoring;
    host.addController(this);
  }

  announce(text: string): void {
    if (text === '') return;
    // The same text again would be no change, and so not be read; a no-break space makes it one.
    this.text = text === this.text ? `${text}\u00a0` : text;
    this.#host.requestUpdate();
    clearTimeout(this.#clearing);
    this.#clearing = setTimeout(() => {
      this.text = '';
      this.#host.requestUpdate();
    }, KEPT_MS);
  }

  hostDisconnected(): void {
    clearTimeout(this.#clearing);
    this.text = '';
  }

  announceMessage(message: ChatMessage): void {
    if (message.role !== 'assistant') return;
    const strings = this.#options.strings();
    const { run } = message.metadata ?? {};
    const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    const spoken = readAloud(text.slice(0, SPOKEN_LIMIT)) + (text.length > SPOKEN_LIMIT ? '…' : '');
    const end =
      run?.status === 'failed'
        ? this.#says.describeFailure(run.problem, strings)
        : run?.status === 'cancelled'
          ? strings.stopped
          : '';
    this.announce([spoken, end].filter((part) => part !== '').join('\n'));
  }

  hostUpdate(): void {
    const view = this.#options.view();
    const strings = this.#options.strings();
    const { run, status } = view;
    const wasDown = this.#status === 'reconnecting' || this.#status === 'offline';
    const isDown = status === 'reconnecting' || status === 'offline';
    const notice = this.#says.readNotice({ ...view, retryAt: null }, strings);

    if (this.#restoring && !view.restoring && view.messages.length > 0) this.announce(strings.announceRestored);
    else if (notice !== this.#notice && notice !== '') this.announce(notice);
    else if (wasDown && !isDown) this.announce(strings.announceReconnected);
    else if (run && run.runId !== this.#runId) this.announce(strings.announceWriting);

    this.#status = status;
    this.#notice = notice;
    this.#runId = run?.runId ?? null;
    this.#restoring = view.restoring;
  }
}
