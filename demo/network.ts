import { ROUTES } from '#shared/protocol.ts';
import { watchStream, type LineObserver } from './watch-stream.ts';

/** The page's network, with a switch. */
export interface Network {
  readonly isCut: boolean;
  /** Aborts requests under way and refuses new ones, as when the cable is pulled. */
  cut(): void;
  restore(): void;
  /** A fetch that is not cut, for the page's own requests. */
  direct: typeof fetch;
}

/**
 * Puts a switch between this page and its network, before the widget makes its first request, and lets `observer` see
 * each event stream that the widget reads. `navigator.onLine` and its events follow the switch, as they do when a laptop
 * loses its network.
 */
export function installNetwork(observer: LineObserver): Network {
  const direct = window.fetch.bind(window);
  let line = new AbortController();
  let isCut = false;

  window.fetch = async (input, init) => {
    if (isCut) throw new TypeError('The demo has cut the network');
    const request = new Request(input, init);
    const response = await direct(request, { signal: AbortSignal.any([request.signal, line.signal]) });
    const isStream = new URL(request.url).pathname === ROUTES.stream && response.ok;
    return isStream ? watchStream(request, response, observer) : response;
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
