/** Shows a session's id in the page's address, in this query parameter; null takes it away. */
export function syncUrl(parameter: string, sessionId: string | null): void {
  const url = new URL(location.href);
  if (sessionId === null) url.searchParams.delete(parameter);
  else url.searchParams.set(parameter, sessionId);
  if (url.href !== location.href) history.replaceState(history.state, '', url);
}
