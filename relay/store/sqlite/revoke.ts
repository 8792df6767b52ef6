import type { SessionRepository } from './session-repository.ts';

/** See `SessionStore.revoke`. */
export function revoke(sessions: SessionRepository, sessionId: string): 'ok' | 'none' | 'gone' {
  const found = sessions.find(sessionId);
  if (found.kind !== 'open') return found.kind;
  sessions.save(sessionId, { ...found.record, revoked: found.record.revoked + 1 });
  sessions.tell(sessionId, { kind: 'unsure' });
  return 'ok';
}
