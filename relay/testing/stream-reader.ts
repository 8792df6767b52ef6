import { createParser } from 'eventsource-parser';
import { follows, type Cursor } from '#shared/cursor.ts';
import type { StreamMessage } from '#shared/protocol.ts';

export interface ReceivedEvent {
  event: string;
  id: Cursor | undefined;
  data: StreamMessage & { prev?: string; from?: string; reason?: string; retryAfterMs?: number };
}

/** An open event stream, read as it comes. */
export interface StreamReader {
  response: Response;
  /** All events so far. */
  events: ReceivedEvent[];
  /** Log messages alone. */
  messages(): ReceivedEvent[];
  /** The text of all text deltas. */
  text(): string;
  /** Resolves with the first event that matches, of those that came and those to come. */
  next(what: string, matches: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  caughtUp(): Promise<ReceivedEvent>;
  /** Resolves when the relay has ended the response; rejects after some seconds. */
  ended(): Promise<void>;
  leave(): Promise<void>;
}

const PATIENCE_MS = 8000;

export async function openStream(
  url: string,
  headers: Record<string, string>,
  fetcher: (url: string, init: RequestInit) => Promise<Response> = fetch,
): Promise<StreamReader> {
  const abort = new AbortController();
  const response = await fetcher(url, { headers, signal: abort.signal });
  const events: ReceivedEvent[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const parser = createParser({
    onEvent: ({ event = 'message', id, data }) => {
      events.push({ event, id, data: JSON.parse(data) as ReceivedEvent['data'] });
    },
  });
  const wake = () => {
    for (const check of waiting) check();
  };
  const reading = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body ?? []) {
        parser.feed(decoder.decode(bytes, { stream: true }));
        wake();
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    } finally {
      over = true;
      wake();
    }
  })();
  reading.catch(() => undefined);

  const until = <T>(what: string, check: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`waited in vain for ${what}`))), PATIENCE_MS);
      const settle = (end: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        end();
      };
      const look = () => {
        const found = check();
        if (found !== undefined) settle(() => resolve(found));
        else if (over) settle(() => reject(new Error(`the stream ended before ${what}`)));
      };
      waiting.add(look);
      look();
    });

  const messages = () => events.filter(({ event }) => event === 'message');
  const next: StreamReader['next'] = (what, matches) => until(what, () => events.find(matches));
  return {
    response,
    events,
    messages,
    text: () =>
      messages()
        .map(({ data }) => (data.type === 'chunk' && data.chunk.type === 'text-delta' ? data.chunk.delta : ''))
        .join(''),
    next,
    caughtUp: () => next('the first ping', ({ event }) => event === 'ping'),
    ended: () => until('the end', () => (over ? true : undefined)).then(() => reading),
    async leave() {
      abort.abort();
      await reading;
    },
  };
}

/** Where a chain of messages breaks the rule of what follows; empty when it does not. A snapshot may come at any time. */
export function brokenLinks(events: readonly ReceivedEvent[], after?: Cursor): string[] {
  const broken: string[] = [];
  let cursor = after;
  for (const { id, data } of events) {
    if (id === undefined) broken.push('a message without an id');
    else if (
      data.type !== 'snapshot' &&
      (cursor === undefined || !follows(cursor, { id, from: data.from, prev: data.prev }))
    ) {
      broken.push(`${id} does not follow ${cursor ?? 'anything'}`);
    }
    cursor = id;
  }
  return broken;
}
