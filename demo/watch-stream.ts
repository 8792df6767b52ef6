import type { Cursor } from '#shared/cursor.ts';
import { createEventReader, type LineEvent } from '#widget/session/read-events.ts';

/** Sees what the widget's connections bring, as they bring it. */
export interface LineObserver {
  /** The relay has answered a request for what comes after `after`; null asks from the start. */
  opened(sessionId: string, after: Cursor | null): void;
  event(event: LineEvent): void;
  /** The connection has ended, whoever ended it. */
  closed(): void;
}

/**
 * The same response, whose bytes pass by the observer on their way to the widget. What the widget does not read is not
 * read here either, so that the relay meets the same reader as without it.
 */
export function watchStream(request: Request, response: Response, observer: LineObserver): Response {
  const source = response.body?.getReader();
  if (!source) return response;
  const events = createEventReader();
  let isOpen = true;

  function close(): void {
    if (isOpen) observer.closed();
    isOpen = false;
  }

  function show(bytes: Uint8Array): void {
    try {
      for (const event of events.feed(bytes)) observer.event(event);
    } catch (error) {
      // The widget will judge the same bytes by itself; the onlooker must not be what breaks its line.
      reportError(error);
    }
  }

  observer.opened(new URL(request.url).searchParams.get('sessionId') ?? '', request.headers.get('last-event-id'));
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await source.read();
          if (done) {
            close();
            controller.close();
            return;
          }
          controller.enqueue(value);
          show(value);
        } catch (error) {
          close();
          controller.error(error);
        }
      },
      cancel(reason) {
        close();
        return source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}
