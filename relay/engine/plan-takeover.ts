import type { SessionState } from '#shared/fold/session.ts';
import { isToolPart } from '#shared/fold/reply.ts';
import { readSession } from '../store/read-session.ts';
import type { SessionStore, Takeover } from '../store/session-store.ts';

/** What becomes of a half-written reply that is taken over; see `ON_TAKEOVER`. */
export type TakeoverSetting = Takeover['kind'];

/**
 * Plans the takeover that a claim asks for. `continue` is possible when one text part is open and nothing else, `fail`
 * when something was written; otherwise the unfinished turn begins anew.
 *
 * @throws StoreError when the session cannot be read.
 */
export async function planTakeover(
  store: Pick<SessionStore, 'head' | 'read'>,
  sessionId: string,
  setting: TakeoverSetting,
): Promise<Takeover> {
  if (setting === 'restart') return { kind: 'restart' };
  const head = await store.head(sessionId);
  if (head.kind !== 'open' || !head.run || head.run.status === 'queued') return { kind: 'restart' };
  const session = await readSession(store, sessionId);
  if (session.kind !== 'open' || !session.run) return { kind: 'restart' };
  if (setting === 'fail') return session.state.reply?.parts.length ? { kind: 'fail' } : { kind: 'restart' };
  return openTextId(session.state) === null ? { kind: 'restart' } : { kind: 'continue', head: session.head };
}

/** The id of the open text part that the reply ends with; null when there is none, or something else is open too. */
export function openTextId(state: SessionState): string | null {
  const { reply } = state;
  if (!reply || reply.open.size !== 1) return null;
  const [[key, index] = ['', -1]] = reply.open;
  const part = reply.parts[index];
  if (part?.type !== 'text' || part.text === '' || index !== reply.parts.length - 1) return null;
  const hasOpenCall = reply.parts.some(
    (part) => isToolPart(part) && !['output-available', 'output-error', 'output-denied'].includes(part.state),
  );
  return hasOpenCall ? null : key.slice('text:'.length);
}
