import { createProblem, type Problem } from '#shared/problem.ts';
import type { MintAnswer } from '#shared/protocol.ts';
import { readToken } from './read-token.ts';
import type { Answer, Lost, Refused, StreamEnd, Transport } from './transport.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

/** Shortest time between two early renewals, in ms, whatever this machine's clock says. */
const RENEWAL_REST_MS = 10 * 60_000;
/** Remaining life below which a stored token, whose whole life is unknown here, is renewed, in ms. */
const LITTLE_LEFT_MS = 60 * 60_000;

/** Whether the relay does not know the session any more, or refuses its token for good. */
export function isSessionOver({ code }: Problem): boolean {
  return code === 'session-expired' || code === 'not-found' || code === 'unauthorized';
}

/** The session's id and token: stored, and renewed while used. */
export interface Credentials {
  readonly current: SessionCredentials | null;
  /** The session can only be read: it came from a link, or its token says so. */
  readonly readOnly: boolean;
  /** Uses these, or none, without writing them to the storage. */
  adopt(credentials: SessionCredentials | null): void;
  /** Drops those of a session that is over. From then on a storage that still names it is ignored. */
  end(): void;
  /** The session that was dropped by `end`. */
  readonly endedSessionId: string | null;
  /**
   * Those for writing a prompt: the current ones, else those another tab has just stored, else new ones, which are then
   * stored. Refused with `read-only` while the session can only be read.
   */
  obtain(signal: AbortSignal): Promise<Answer<SessionCredentials>>;
  /** Makes a request with a valid token: renewed early at half its life, and again when the relay answers 401. */
  use<Result extends Answer<unknown> | StreamEnd>(
    signal: AbortSignal,
    request: (credentials: SessionCredentials) => Promise<Result>,
  ): Promise<Result | Refused | Lost>;
}

export interface CredentialsOptions {
  storage: CredentialStorage;
  transport: Transport;
}

/** Credentials that are read from and written to `storage`. */
export function createCredentials({ storage, transport }: CredentialsOptions): Credentials {
  let current: SessionCredentials | null = null;
  /** When to renew the token early, ms since the epoch; never when null. */
  let renewAt: number | null = null;
  let endedSessionId: string | null = null;

  /** A claim can only take away: a session from a link is read-only whatever its token claims. */
  const isReadOnly = (): boolean =>
    storage.readOnly === true || (current !== null && readToken(current.token).readOnly);

  function adopt(credentials: SessionCredentials | null): void {
    if (credentials?.token !== current?.token) {
      const expiresAt = credentials ? readToken(credentials.token).expiresAt : undefined;
      renewAt = expiresAt === undefined ? null : expiresAt - LITTLE_LEFT_MS;
    }
    current = credentials;
  }

  function keep({ sessionId, token, expiresAt }: MintAnswer): SessionCredentials {
    const now = Date.now();
    current = { sessionId, token };
    renewAt = now + Math.max((expiresAt - now) / 2, RENEWAL_REST_MS);
    storage.write(current);
    return current;
  }

  function adoptStored(): SessionCredentials | null {
    const stored = storage.read();
    if (!stored || stored.sessionId === endedSessionId) return null;
    adopt(stored);
    return stored;
  }

  /** The renewal under way, shared by all requests that need it. */
  let renewal: Promise<Answer<SessionCredentials>> | null = null;

  function renew(old: SessionCredentials, signal: AbortSignal): Promise<Answer<SessionCredentials>> {
    for (const newer of [current, storage.read()]) {
      if (newer?.sessionId !== old.sessionId || newer.token === old.token) continue;
      // Another request, or another tab, was quicker.
      adopt(newer);
      return Promise.resolve({ kind: 'ok', value: newer });
    }
    renewal ??= renewOnce(old, signal).finally(() => (renewal = null));
    return renewal;
  }

  async function renewOnce(old: SessionCredentials, signal: AbortSignal): Promise<Answer<SessionCredentials>> {
    const answer = await transport.mint(old.token, signal);
    if (answer.kind !== 'ok') return answer;
    const { sessionId, token } = answer.value;
    if (sessionId !== old.sessionId) return { kind: 'lost' };
    // The session may have been left meanwhile; then nothing is stored.
    return { kind: 'ok', value: current?.sessionId === sessionId ? keep(answer.value) : { sessionId, token } };
  }

  return {
    get current() {
      return current;
    },
    get readOnly() {
      return isReadOnly();
    },
    get endedSessionId() {
      return endedSessionId;
    },
    adopt,
    end() {
      endedSessionId = current?.sessionId ?? endedSessionId;
      adopt(null);
    },

    async obtain(signal) {
      if (isReadOnly()) return { kind: 'refused', problem: createProblem('read-only') };
      const known = current ?? adoptStored();
      if (known) return { kind: 'ok', value: known };
      const answer = await transport.mint(null, signal);
      if (answer.kind !== 'ok') return answer;
      // An aborted caller needs no session.
      if (signal.aborted) return { kind: 'lost' };
      // If another tab was quicker both use its session; a minted session costs the relay nothing.
      const stored = adoptStored();
      if (stored) return { kind: 'ok', value: stored };
      return { kind: 'ok', value: keep(answer.value) };
    },

    async use(signal, request) {
      if (!current) return { kind: 'lost' };
      let using = current;
      if (renewAt !== null && Date.now() >= renewAt && !isReadOnly()) {
        renewAt = Date.now() + RENEWAL_REST_MS;
        const renewed = await renew(using, signal);
        // This renewal is early: the old token still works if it failed.
        if (renewed.kind === 'ok') using = renewed.value;
        if (signal.aborted) return { kind: 'lost' };
      }
      // Twice: the newer token that another tab has stored may have expired as well.
      for (let renewals = 0; ; renewals++) {
        const result = await request(using);
        if (!isUnauthorized(result) || signal.aborted || renewals === 2 || isReadOnly()) return result;
        const renewed = await renew(using, signal);
        if (renewed.kind === 'lost' || signal.aborted) return { kind: 'lost' };
        if (renewed.kind === 'refused') return renewed;
        using = renewed.value;
      }
    },
  };
}

function isUnauthorized(result: Answer<unknown> | StreamEnd): boolean {
  return result.kind === 'refused' && result.problem.code === 'unauthorized';
}
