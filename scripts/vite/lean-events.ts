/**
 * The little of `eventsource-parser` that `widget/session/read-events.ts` needs, for the widget's build: no comments, no
 * `retry:`, no complaints about what the format says is to be ignored. The tests use the package itself;
 * lean-events.test.ts holds the two together.
 */
interface Callbacks {
  /** UTF-16 code units of an event that is not whole yet. */
  maxBufferSize: number;
  onEvent(event: { id: string | undefined; event: string | undefined; data: string }): void;
  onError(error: Error & { type: string }): void;
}

export function createParser({ maxBufferSize, onEvent, onError }: Callbacks): { feed(chunk: string): void } {
  /** A line that has not ended, in the pieces it came in: a long one is put together but once. */
  let pieces: string[] = [];
  let size = 0;
  let data: string | undefined;
  let id: string | undefined;
  let event: string | undefined;

  function readLine(line: string): void {
    if (line === '') {
      if (data !== undefined) onEvent({ id, event: event || undefined, data });
      id = event = data = undefined;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }

  return {
    feed(chunk) {
      pieces.push(chunk);
      size += chunk.length;
      // The first half of a line's end may stand at the end of what came before.
      if (/[\r\n]/.test(chunk) || pieces.at(-2)?.endsWith('\r')) {
        const lines = pieces.join('').split(/\r\n|\n|\r(?!$)/);
        pieces = lines.splice(-1);
        size = pieces[0]?.length ?? 0;
        for (const line of lines) readLine(line);
      }
      if (size + (data?.length ?? 0) > maxBufferSize) {
        onError(Object.assign(new Error('an event is too large'), { type: 'max-buffer-size-exceeded' }));
      }
    },
  };
}
