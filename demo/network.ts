/** The page's network, with a switch. */
export interface Network {
  readonly isCut: boolean;
  /** Drops what is under way and refuses everything new, as when the cable is pulled. */
  cut(): void;
  restore(): void;
  /** Goes round the switch: for what the page itself wants to know. */
  direct: typeof fetch;
}

/**
 * Puts a switch between this page and its network, before the widget makes its first request. The browser's own signs
 * change with it (`navigator.onLine` and its events), as they do when a laptop loses its network.
 */
export function installNetwork(): Network {
  const direct = window.fetch.bind(window);
  let line = new AbortController();
  let isCut = false;

  window.fetch = (input, init) => {
    if (isCut) return Promise.reject(new TypeError('The demo has cut the network'));
    const request = new Request(input, init);
    return direct(request, { signal: AbortSignal.any([request.signal, line.signal]) });
  };
  Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => !isCut });

  return {
    direct,
    get isCut() {
      return isCut;
    },
    cut() {
      if (isCut) return;
      isCut = true;
      line.abort(new TypeError('The demo has cut the network'));
      dispatchEvent(new Event('offline'));
    },
    restore() {
      if (!isCut) return;
      isCut = false;
      line = new AbortController();
      dispatchEvent(new Event('online'));
    },
  };
}
