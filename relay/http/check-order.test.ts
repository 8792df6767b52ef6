import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import type { MintAnswer, PromptAnswer } from '#shared/protocol.ts';
import { StoreError } from '../store/store-error.ts';
import { json, openRelayStage, SECRET, TTL_MS, type RelayStage } from '../testing/relay-stage.ts';

/** What a request is made of, so that each fault can be put into it beside any other. */
interface Plan {
  path: string;
  method: string;
  headers: Record<string, string>;
  body: Record<string, unknown> | undefined;
  rawBody?: string;
}

interface Fault {
  code: string;
  status: number;
  /** Puts the fault into the request, or into the relay. */
  apply(plan: Plan, scene: Scene): void | Promise<void>;
}

interface Scene {
  stage: RelayStage;
  session: MintAnswer;
  store: { down: boolean };
}

const MAX_PROMPT = 100;
const readOnly = (sessionId: string) =>
  new SignJWT({ minted: Date.now(), cap: 'ro' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sessionId)
    .setAudience('resumable-chat')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));

/** In the order of docs/protocol.md. */
const unknownPath: Fault = {
  code: 'not-found',
  status: 404,
  apply: (plan) => void (plan.path = `/api/nothing${plan.path}`),
};
const method: Fault = { code: 'method-not-allowed', status: 405, apply: (plan) => void (plan.method = 'PUT') };
const draining: Fault = { code: 'draining', status: 503, apply: (_, { stage }) => stage.relay.drain() };
const storeDown: Fault = {
  code: 'store-unavailable',
  status: 503,
  async apply(_, { stage, store }) {
    store.down = true;
    // The relay learns it from the first request that the store does not answer.
    await stage.request('/readyz');
  },
};
const mediaType: Fault = {
  code: 'unsupported-media-type',
  status: 415,
  apply: (plan) => void (plan.headers['content-type'] = 'text/plain'),
};
const bodySize: Fault = {
  code: 'payload-too-large',
  status: 413,
  apply: (plan) => void (plan.rawBody = ' '.repeat(40_000)),
};
const origin: Fault = {
  code: 'origin-not-allowed',
  status: 403,
  apply: (plan) => void (plan.headers['origin'] = 'https://evil.example'),
};
const noToken: Fault = {
  code: 'unauthorized',
  status: 401,
  apply: (plan) => void delete plan.headers['authorization'],
};
const badToken: Fault = {
  code: 'unauthorized',
  status: 401,
  apply: (plan) => void (plan.headers['authorization'] = 'Bearer nonsense'),
};
const mayOnlyRead: Fault = {
  code: 'read-only',
  status: 403,
  async apply(plan, { session }) {
    if (plan.headers['authorization']?.includes(session.token)) {
      plan.headers['authorization'] = `Bearer ${await readOnly(session.sessionId)}`;
    }
  },
};
const unknownQuery: Fault = {
  code: 'invalid-request',
  status: 400,
  apply: (plan) => void (plan.path += plan.path.includes('?') ? '&nonsense=1' : '?nonsense=1'),
};
const unknownField: Fault = {
  code: 'invalid-request',
  status: 400,
  apply: (plan) => void (plan.body = { ...plan.body, nonsense: 1 }),
};
const longPrompt: Fault = {
  code: 'payload-too-large',
  status: 413,
  apply: (plan) => void (plan.body = { ...plan.body, prompt: 'ü'.repeat(MAX_PROMPT / 2 + 1) }),
};
const foreignSession: Fault = {
  code: 'not-found',
  status: 404,
  apply(plan, { session }) {
    plan.path = plan.path.replace(session.sessionId, 'not-even-an-id');
    if (plan.body && 'sessionId' in plan.body) plan.body = { ...plan.body, sessionId: 'not-even-an-id' };
  },
};
const gone: Fault = {
  code: 'session-expired',
  status: 410,
  apply: (_, { stage, session }) => stage.store.delete(session.sessionId),
};
const neverWrittenAndOld: Fault = {
  code: 'not-found',
  status: 404,
  apply: (_, { stage }) => void (stage.clock.now += TTL_MS + 1),
};
const active: Fault = {
  code: 'run-active',
  status: 409,
  async apply(_, { stage, session }) {
    // Past the limits, so that both faults can be there at once.
    const entries = [JSON.stringify({ type: 'metadata', status: 'queued', runId: 'r', messageId: 'r', attempt: 1 })];
    await stage.store.submit(session.sessionId, { messageId: 'other', hash: '', runId: 'r', entries });
  },
};
const unknownParent: Fault = {
  code: 'unknown-parent',
  status: 422,
  apply: (plan) => void (plan.body = { ...plan.body, parentId: 'nobody' }),
};
const limited: Fault = {
  code: 'rate-limited',
  status: 429,
  async apply(_, { stage, session }) {
    // One prompt a minute is allowed here, and that was it; its run has ended.
    await stage.prompt(session);
    await (await stage.write(session.sessionId)).finish();
  },
};

const endpoints: {
  name: string;
  plan(session: MintAnswer): Pick<Plan, 'path' | 'method' | 'body'>;
  faults: Fault[];
}[] = [
  {
    name: 'POST /api/sessions',
    plan: () => ({ path: '/api/sessions', method: 'POST', body: {} }),
    faults: [
      unknownPath,
      method,
      draining,
      storeDown,
      mediaType,
      bodySize,
      origin,
      badToken,
      mayOnlyRead,
      unknownQuery,
      unknownField,
    ],
  },
  {
    name: 'POST /api/llm-stream',
    plan: ({ sessionId }) => ({ path: '/api/llm-stream', method: 'POST', body: { sessionId, prompt: 'Hello?' } }),
    faults: [
      unknownPath,
      method,
      draining,
      storeDown,
      mediaType,
      bodySize,
      origin,
      noToken,
      mayOnlyRead,
      unknownField,
      longPrompt,
      foreignSession,
      gone,
      active,
      unknownParent,
      limited,
    ],
  },
  {
    name: 'GET /api/check-stream',
    plan: ({ sessionId }) => ({ path: `/api/check-stream?sessionId=${sessionId}`, method: 'GET', body: undefined }),
    faults: [unknownPath, method, draining, storeDown, origin, noToken, unknownQuery, foreignSession, gone],
  },
  {
    name: 'DELETE /api/llm-stream',
    plan: ({ sessionId }) => ({ path: `/api/llm-stream?sessionId=${sessionId}`, method: 'DELETE', body: undefined }),
    faults: [unknownPath, method, storeDown, origin, noToken, mayOnlyRead, unknownQuery, foreignSession, gone],
  },
  {
    name: 'GET /api/sessions/:sessionId',
    plan: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}`, method: 'GET', body: undefined }),
    faults: [unknownPath, method, storeDown, origin, noToken, unknownQuery, foreignSession, neverWrittenAndOld],
  },
  {
    name: 'DELETE /api/sessions/:sessionId',
    plan: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}`, method: 'DELETE', body: undefined }),
    faults: [
      unknownPath,
      method,
      storeDown,
      origin,
      noToken,
      mayOnlyRead,
      unknownQuery,
      foreignSession,
      neverWrittenAndOld,
    ],
  },
  {
    name: 'POST /api/sessions/:sessionId/share',
    plan: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}/share`, method: 'POST', body: {} }),
    faults: [
      unknownPath,
      method,
      draining,
      storeDown,
      mediaType,
      bodySize,
      origin,
      badToken,
      mayOnlyRead,
      unknownField,
      foreignSession,
      gone,
    ],
  },
  {
    name: 'DELETE /api/sessions/:sessionId/share',
    plan: ({ sessionId }) => ({ path: `/api/sessions/${sessionId}/share`, method: 'DELETE', body: undefined }),
    faults: [unknownPath, method, storeDown, origin, noToken, mayOnlyRead, unknownQuery, foreignSession, gone],
  },
  {
    name: 'POST /api/sessions/:sessionId/feedback',
    plan: ({ sessionId }) => ({
      path: `/api/sessions/${sessionId}/feedback`,
      method: 'POST',
      body: { messageId: 'r', rating: 'up' },
    }),
    faults: [
      unknownPath,
      method,
      draining,
      storeDown,
      mediaType,
      bodySize,
      origin,
      badToken,
      mayOnlyRead,
      unknownField,
      foreignSession,
      gone,
      active,
    ],
  },
];

let scene: Scene;

beforeEach(async () => {
  const store = { down: false };
  let accepted = 0;
  const stage = openRelayStage({
    origins: { allowed: ['https://good.example'], loopback: false },
    limits: { maxPromptBytes: MAX_PROMPT },
    limiter: {
      take: async () =>
        ++accepted > 1
          ? { kind: 'limited', retryAfterMs: 1500 }
          : { kind: 'ok', giveBack: async () => void (accepted -= 1) },
    },
    wrapStore: (inner) => ({
      ...inner,
      check: () => (store.down ? Promise.reject(new StoreError('store-unavailable', 'down')) : inner.check()),
    }),
  });
  scene = { stage, session: await stage.mint(), store };
});
afterEach(() => scene.stage.close());

async function send(endpoint: (typeof endpoints)[number], faults: readonly Fault[]): Promise<Response> {
  const { session, stage } = scene;
  const plan: Plan = {
    ...endpoint.plan(session),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${session.token}` },
  };
  // What changes the relay comes first, and in the order in which it could have happened.
  const order = [limited, active, gone, neverWrittenAndOld, storeDown, draining];
  const sorted = faults.toSorted((a, b) => rank(order, a) - rank(order, b));
  for (const fault of sorted) await fault.apply(plan, scene);
  const body = plan.body === undefined ? undefined : (plan.rawBody ?? JSON.stringify(plan.body));
  return stage.request(plan.path, {
    method: plan.method,
    headers: plan.headers,
    ...(body === undefined ? {} : { body }),
  });
}

function rank(order: readonly Fault[], fault: Fault): number {
  const index = order.indexOf(fault);
  return index < 0 ? order.length : index;
}

describe.each(endpoints)('$name', (endpoint) => {
  const pairs = endpoint.faults.flatMap((first, i) => [
    { first, second: first },
    ...endpoint.faults.slice(i + 1).map((second) => ({ first, second })),
  ]);

  it.each(pairs)(
    '$first.code ($first.status) comes before $second.code ($second.status)',
    async ({ first, second }) => {
      const response = await send(endpoint, first === second ? [first] : [first, second]);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ code: first.code, status: first.status });
      expect(response.status).toBe(first.status);
      expect(response.headers.has('retry-after')).toBe(first.status === 429 || first.status === 503);
      expect(response.headers.has('allow')).toBe(first.status === 405);
    },
  );
});

it('answers the same prompt again before it looks at the active run or the limits', async () => {
  const { stage, session } = scene;
  const post = () =>
    stage.request(
      '/api/llm-stream',
      json({ sessionId: session.sessionId, prompt: 'Hello?', messageId: 'mine' }, session.token),
    );
  const first = await post();
  expect(first.status).toBe(202);
  const again = await post();
  expect(again.status).toBe(200);
  expect(await again.json()).toEqual((await first.json()) as PromptAnswer);
});
