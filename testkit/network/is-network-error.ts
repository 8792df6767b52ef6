/**
 * Whether a `fetch` failed because of the network or the server, as opposed to a mistake in the test: a timeout, an
 * abort, or a `TypeError` with a cause, by which `fetch` wraps what the socket said. A `TypeError` without one is a
 * bug.
 */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === 'TimeoutError' || error.name === 'AbortError';
  return error instanceof TypeError && error.cause !== undefined;
}
