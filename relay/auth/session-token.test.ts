import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, it } from 'vitest';
import { RelayError } from '../util/relay-error.ts';
import { createSessionTokens } from './session-token.ts';

const TTL_MS = 10_000;
const secret = 'a secret of at least thirty-two bytes';
const clock = { now: 1_800_000_000_000 };
const tokens = createSessionTokens({ secret, sessionTtlMs: TTL_MS, clock: () => clock.now });
const session = { sessionId: 'a-session-of-21-chars', mintedAt: clock.now, cap: 'rw' } as const;

const key = new TextEncoder().encode(secret);
const claims = { minted: clock.now, cap: 'rw', aud: 'resumable-chat' };

/** A token of our form, with one thing changed. */
function forge(change: (jwt: SignJWT) => SignJWT, key = secret, alg = 'HS256'): Promise<string> {
  const jwt = new SignJWT({ minted: clock.now, cap: 'rw' })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .setSubject(session.sessionId)
    .setAudience('resumable-chat')
    .setExpirationTime(Math.ceil(clock.now / 1000) + 100);
  return change(jwt).sign(new TextEncoder().encode(key));
}
/** The code of the refusal; null when the token was taken. */
const refusal = (authorization: string | undefined) =>
  tokens.verify(authorization).then(
    () => null,
    (error: unknown) => (error instanceof RelayError ? error.problem.code : error),
  );

it('is read as it was signed', async () => {
  const { token } = await tokens.sign(session);
  expect(await tokens.verify(`Bearer ${token}`)).toEqual(session);
  expect(await tokens.verify(`bearer   ${token}`)).toEqual(session);
});

it('is valid for two TTLs, and renewable for one more', async () => {
  const { token, expiresAt } = await tokens.sign(session);
  const begin = clock.now;
  expect(expiresAt).toBeGreaterThanOrEqual(begin + 2 * TTL_MS);
  clock.now = expiresAt - 1;
  await tokens.verify(`Bearer ${token}`);
  clock.now = expiresAt;
  expect(await refusal(`Bearer ${token}`)).toBe('unauthorized');
  clock.now = expiresAt + TTL_MS - 1000;
  await tokens.verify(`Bearer ${token}`, { expiredOk: true });
  clock.now = expiresAt + TTL_MS;
  await expect(tokens.verify(`Bearer ${token}`, { expiredOk: true })).rejects.toMatchObject({
    problem: { status: 401 },
  });
  clock.now = begin;
});

it('is young for one TTL after its minting', () => {
  expect(tokens.isYoung({ ...session, mintedAt: clock.now - TTL_MS + 1 })).toBe(true);
  expect(tokens.isYoung({ ...session, mintedAt: clock.now - TTL_MS })).toBe(false);
});

it('accepts a token that was not tampered with (the control of the next tests)', async () => {
  expect(await tokens.verify(`Bearer ${await forge((jwt) => jwt)}`)).toEqual(session);
});

it.each([
  ['another secret', () => forge((jwt) => jwt, 'another secret of thirty-two bytes')],
  ['another algorithm', () => forge((jwt) => jwt, `${secret}${secret}`, 'HS512')],
  ['no algorithm', async () => new UnsecuredJWT({ ...claims, sub: session.sessionId, exp: 9e9 }).encode()],
  ['another audience', () => forge((jwt) => jwt.setAudience('another'))],
  ['no end', () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setSubject(session.sessionId).sign(key)],
  ['a subject that is no session', () => forge((jwt) => jwt.setSubject('short'))],
  ['an end that has come', () => forge((jwt) => jwt.setExpirationTime(Math.floor(clock.now / 1000)))],
])('refuses a token with %s', async (_, make) => {
  expect(await refusal(`Bearer ${await make()}`)).toBe('unauthorized');
});

it.each([
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'Bearer a.b.c',
  'Bearer a b',
  `Bearer ${'x'.repeat(10_000)}`,
  'Bearer ..',
  'null',
])('refuses %j', async (authorization) => {
  expect(await refusal(authorization)).toBe('unauthorized');
});

it('refuses a good token under another scheme', async () => {
  const { token } = await tokens.sign(session);
  for (const scheme of ['Basic', 'JWT', 'Bearer:', 'XBearer'])
    expect(await refusal(`${scheme} ${token}`)).toBe('unauthorized');
  expect(await refusal(token)).toBe('unauthorized');
});

it('needs a secret of 16 bytes', () => {
  expect(() => createSessionTokens({ secret: 'short', sessionTtlMs: 1, clock: Date.now })).toThrow(RangeError);
});
