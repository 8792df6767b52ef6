import type { Cursor } from '#shared/cursor.ts';
import { createEventReader, type LineEvent } from '#widget/session/read-events.ts';

/** Is told what the widget's connections bring, as it comes. */
export interface LineObserver {
  /** The relay has answered a request for the entries after `after`; null means from the start. */
  opened(sessionId: string, after: Cursor | null): void;
  event(event: LineEvent): void;
  /** The connection has ended, on whichever side. */
  closed(): void;
}

/**
 * Shows a response's bytes to an observer on their way to the widget. Bytes that the widget does not read are not read
 * here either, so that the relay sees the same backpressure.
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
      // The widget reads the same bytes and judges them itself; an observer must not break its connection.
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
