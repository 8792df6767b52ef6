import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Distance from the end within which a reader who scrolls down counts as being there, in px. */
const NEAR_END = 32;

/** Distance from the end that is none: browsers round scroll positions, in px. */
const AT_END = 1;

/**
 * Keeps the end of the conversation in view while it grows, unless the reader has scrolled away: then nothing moves
 * until they are back at the end, or ask to be.
 */
export class ScrollController implements ReactiveController {
  /** The reader is at the end, and stays there as text comes. */
  following = true;

  readonly #host: ReactiveControllerHost;
  readonly #find: () => { scroller: HTMLElement; content: HTMLElement } | null;
  readonly #observer = new ResizeObserver(() => this.#keepUp());
  #scroller: HTMLElement | null = null;
  #lastTop = 0;

  constructor(host: ReactiveControllerHost, find: () => { scroller: HTMLElement; content: HTMLElement } | null) {
    this.#host = host;
    this.#find = find;
    host.addController(this);
  }

  /** After a move on the page there may be nothing else that asks for an update. */
  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdated(): void {
    if (this.#scroller) {
      // Before the frame is painted: scrolled later, the scroll event costs another frame.
      if (this.following) void this.#host.updateComplete.then(() => this.#keepUp());
      return;
    }
    const found = this.#find();
    if (!found) return;
    this.#scroller = found.scroller;
    found.scroller.addEventListener('scroll', this.#onScroll, { passive: true });
    this.#observer.observe(found.scroller);
    this.#observer.observe(found.content);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
    this.#scroller?.removeEventListener('scroll', this.#onScroll);
    this.#scroller = null;
  }

  /** Scrolls to the end, and follows it from now on. */
  toEnd(): void {
    this.#setFollowing(true);
    this.#keepUp();
  }

  #keepUp(): void {
    const scroller = this.#scroller;
    if (!scroller || !this.following) return;
    // The greeting of an empty chat is read from its beginning.
    scroller.scrollTop = scroller.querySelector('.empty') ? 0 : scroller.scrollHeight;
    this.#lastTop = scroller.scrollTop;
  }

  #onScroll = (): void => {
    const scroller = this.#scroller;
    if (!scroller) return;
    const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    // Only a reader scrolls up, however gently. When text goes away the view moves up too, but stays at the end.
    if (scroller.scrollTop < this.#lastTop && left > AT_END) this.#setFollowing(false);
    else if (left <= NEAR_END) this.#setFollowing(true);
    this.#lastTop = scroller.scrollTop;
  };

  #setFollowing(following: boolean): void {
    if (this.following === following) return;
    this.following = following;
    this.#host.requestUpdate();
  }
}
