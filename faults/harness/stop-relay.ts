import type { RelayProcess } from '#testkit/processes/relay-process.ts';

const LAST_WORDS_LENGTH = 1_000;

/** A planned stop. Null when the relay ends as it should; else, as a sentence, how it ended, with what it said last. */
export async function stopRelay(relay: RelayProcess): Promise<string | null> {
  const { running } = relay;
  const ended = relay.ended();
  relay.signal('SIGTERM');
  const { code, signal } = await ended;
  if (running && code === 0) return null;
  const how = `${running ? 'a stopped relay ended' : 'a relay had ended by itself,'} with ${code ?? signal}`;
  return `${how}; it said last: ${relay.output().slice(-LAST_WORDS_LENGTH).trim()}`;
}
