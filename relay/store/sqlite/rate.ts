import type { RateAnswer, RateInput } from '../session-store.ts';
import type { SessionRepository } from './session-repository.ts';
import type { Statements } from './statements.ts';

/** See `SessionStore.rate`. */
export function rate(
  sessions: SessionRepository,
  statements: Statements,
  sessionId: string,
  input: RateInput,
): RateAnswer {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return found.kind;
  const { record } = found;
  const { messageId, feedback } = input;
  if (!statements.findReply.get(record.key, messageId)) return 'unknown';
  if (record.run?.runId === messageId) return 'active';
  if (feedback === null) statements.removeFeedback.run(record.key, messageId);
  else statements.writeFeedback.run(record.key, messageId, feedback);
  // A write like any other: it prolongs the session's lifetime.
  sessions.save(sessionId, record);
  sessions.tell(sessionId, { kind: 'feedback' });
  return 'ok';
}
