import type { RelayProcess } from '#testkit/processes/relay-process.ts';

const LAST_WORDS_LENGTH = 1_000;

/** Stops a relay by SIGTERM. Null when it ends with 0; else a sentence that says how it ended, with its last output. */
export async function stopRelay(relay: RelayProcess): Promise<string | null> {
  const { running } = relay;
  const ended = relay.ended();
  relay.signal('SIGTERM');
  const { code, signal } = await ended;
  if (running && code === 0) return null;
  const how = `${running ? 'a stopped relay ended' : 'a relay had already ended,'} with ${code ?? signal}`;
  return `${how}; it said last: ${relay.output().slice(-LAST_WORDS_LENGTH).trim()}`;
}
