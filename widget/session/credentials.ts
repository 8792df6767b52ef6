import type { Problem } from '#shared/problem.ts';
import type { MintAnswer } from '#shared/protocol.ts';
import { readToken } from './read-token.ts';
import type { Answer, Lost, Refused, StreamEnd, Transport } from './transport.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

/** A token is not renewed ahead of time again for so long, in ms, whatever this machine's clock says. */
const RENEWAL_REST_MS = 10 * 60_000;
/** A token from the storage, whose whole life is not known here, is renewed when it has less than this left, in ms. */
const LITTLE_LEFT_MS = 60 * 60_000;

/** The relay does not know this session any more, or does not let this token at it, and never will again. */
export function isSessionOver({ code }: Problem): boolean {
  return code === 'session-expired' || code === 'not-found' || code === 'unauthorized';
}

/** Who we are to the relay: the session's id and its token, kept, and renewed while used. */
export interface Credentials {
  readonly current: SessionCredentials | null;
  /** Takes on these, or none, without writing them to the storage. */
  adopt(credentials: SessionCredentials | null): void;
  /** Lets go of those of a session that is over: the storage may go on naming it, and is not believed. */
  end(): void;
  readonly endedSessionId: string | null;
  /** Those there are; else those that another tab has just got; else new ones, which are then kept. */
  obtain(signal: AbortSignal): Promise<Answer<SessionCredentials>>;
  /**
   * Makes a request with a token that is fit for it: renewed before when its time is half over, and once more
   * when the relay answers `unauthorized`.
   */
  use<Result extends Answer<unknown> | StreamEnd>(
    signal: AbortSignal,
    request: (credentials: SessionCredentials) => Promise<Result>,
  ): Promise<Result | Refused | Lost>;
}

export interface CredentialsOptions {
  storage: CredentialStorage;
  transport: Transport;
}

export function createCredentials({ storage, transport }: CredentialsOptions): Credentials {
  let current: SessionCredentials | null = null;
  /** When to renew the token, ms since the epoch; not ahead of time when null. */
  let renewAt: number | null = null;
  let endedSessionId: string | null = null;

  function adopt(credentials: SessionCredentials | null): void {
    if (credentials?.token !== current?.token) {
      const { expiresAt, readOnly } = credentials ? readToken(credentials.token) : { readOnly: false };
      // A share cannot be renewed.
      renewAt = expiresAt !== undefined && !readOnly ? expiresAt - LITTLE_LEFT_MS : null;
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

  /** The one renewal under way, for all who wait for it. */
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
    // Left meanwhile: then there is nothing to keep it for.
    return { kind: 'ok', value: current?.sessionId === sessionId ? keep(answer.value) : { sessionId, token } };
  }

  return {
    get current() {
      return current;
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
      const known = current ?? adoptStored();
      if (known) return { kind: 'ok', value: known };
      const answer = await transport.mint(null, signal);
      if (answer.kind !== 'ok') return answer;
      // Whoever has aborted wants no session any more.
      if (signal.aborted) return { kind: 'lost' };
      // Minting costs the relay nothing: if another tab was quicker, both go on in that one's session.
      const stored = adoptStored();
      if (stored) return { kind: 'ok', value: stored };
      return { kind: 'ok', value: keep(answer.value) };
    },

    async use(signal, request) {
      if (!current) return { kind: 'lost' };
      let using = current;
      if (renewAt !== null && Date.now() >= renewAt) {
        renewAt = Date.now() + RENEWAL_REST_MS;
        const renewed = await renew(using, signal);
        // Only ahead of time: the old token still serves if that came to nothing.
        if (renewed.kind === 'ok') using = renewed.value;
        if (signal.aborted) return { kind: 'lost' };
      }
      // Twice, since the newer token that another tab has stored may be too old as well.
      for (let renewals = 0; ; renewals++) {
        const result = await request(using);
        if (!isUnauthorized(result) || signal.aborted || renewals === 2) return result;
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
