import { createParser } from 'eventsource-parser';
import type { Logger } from '../../../util/logger.ts';

/** Subscriptions that outlive their streams. */
export interface UpstashSubscriptions {
  /** See `ScriptTransport.listen`. Never rejects: without a subscription, followers poll the head of the log anyway. */
  listen(channel: string, onPayload: (payload: string) => void, onUnsure: () => void): Promise<() => void>;
  close(): void;
}

/** How long a new listener waits for its subscription; then it goes on without, and is told `unsure` once it stands. */
const LISTEN_TIMEOUT_MS = 2000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5000;
/** Subscriptions at a time, each of which is an open request. Sessions beyond that are polled only. */
const MAX_CHANNELS = 2000;
/** Characters of one event, at most: scripts publish 128 KiB of entries, and their numbers. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Subscriptions over `POST /subscribe/<channel>`, a stream of server-sent events for each channel. The client library's own
 * subscriber neither reports that its stream has ended nor reconnects: docs/decisions/0012.
 */
export function createUpstashSubscriptions(options: {
  url: string;
  token: string;
  logger: Logger | undefined;
}): UpstashSubscriptions {
  const { url, token, logger } = options;
  const base = url.replace(/\/$/, '');
  const open = new Set<AbortController>();

  /** Reads one stream to its end. Rejects when it could not be opened, or broke. */
  async function read(channel: string, signal: AbortSignal, onReady: () => void, onPayload: (payload: string) => void) {
    const response = await fetch(`${base}/subscribe/${encodeURIComponent(channel)}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream', 'Cache-Control': 'no-cache' },
      signal,
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`the subscription was answered with ${response.status}`);
    }
    const decoder = new TextDecoder();
    const parser = createParser({
      maxBufferSize: MAX_EVENT_LENGTH,
      onEvent({ data }) {
        const [kind = '', name = ''] = data.split(',', 2);
        if (kind === 'subscribe') onReady();
        else if (kind === 'message' && name === channel) onPayload(data.slice(kind.length + name.length + 2));
      },
      onError(error) {
        if (error.type === 'max-buffer-size-exceeded') throw error;
      },
    });
    for await (const bytes of response.body) parser.feed(decoder.decode(bytes, { stream: true }));
  }

  /** Reads one stream after another until the signal aborts. Between two streams something may have been missed. */
  async function keepReading(
    channel: string,
    signal: AbortSignal,
    { onReady, onPayload }: { onReady: (again: boolean) => void; onPayload: (payload: string) => void },
  ): Promise<void> {
    let wasReady = false;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const ready = () => {
        failures = 0;
        onReady(wasReady);
        wasReady = true;
      };
      try {
        await read(channel, signal, ready, onPayload);
      } catch (error) {
        if (signal.aborted) return;
        logger?.debug({ err: error }, 'A subscription broke: subscribing again');
      }
      await pause(
        Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), MAX_RETRY_MS) * (0.67 + Math.random() / 3),
        signal,
      );
    }
  }

  return {
    async listen(channel, onPayload, onUnsure) {
      if (open.size >= MAX_CHANNELS) {
        logger?.warn({ channels: open.size }, 'Too many sessions are watched to subscribe to all: this one is polled');
        return () => {};
      }
      const controller = new AbortController();
      open.add(controller);
      await new Promise<void>((resolve) => {
        let timedOut = false;
        const timeout = setTimeout(() => {
          timedOut = true;
          resolve();
        }, LISTEN_TIMEOUT_MS);
        keepReading(channel, controller.signal, {
          onPayload,
          onReady(again) {
            clearTimeout(timeout);
            if (again || timedOut) onUnsure();
            resolve();
          },
        }).catch((error: unknown) => logger?.error({ err: error }, 'A subscription ended for good'));
      });
      return () => {
        open.delete(controller);
        controller.abort();
      };
    },

    close() {
      for (const controller of open) controller.abort();
      open.clear();
    },
  };
}

/** Resolves after `ms`, or as soon as the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
