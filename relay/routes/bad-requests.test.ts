import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { PROBLEMS, type Problem } from '#shared/problem.ts';
import type { MintAnswer } from '#shared/protocol.ts';
import { openRelayStage, type RelayStage } from '../testing/relay-stage.ts';

vi.setConfig({ testTimeout: 60_000 });

let stage: RelayStage;
let session: MintAnswer;

beforeAll(async () => {
  stage = openRelayStage();
  session = await stage.mint();
});
afterAll(() => stage.close());

const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '',
    '0-0',
    '1-1',
    'null',
    '__proto__',
    'constructor',
    '../../etc/passwd',
    "' OR 1=1 --",
    '\u0000',
    '💥',
    'SESSION',
    'x'.repeat(5000),
  ),
);
const path = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('/api/sessions', '/api/llm-stream', '/api/check-stream', '/api/sessions/SESSION'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/healthz',
      '/widget.js',
      '/',
      '/api',
      '/api/',
      '/demo/kill',
      '/API/sessions',
      '//api/sessions',
    ),
  },
  { weight: 1, arbitrary: junk.map((text) => `/${encodeURIComponent(text.toWellFormed())}`) },
  { weight: 1, arbitrary: junk.map((text) => `/api/sessions/${encodeURIComponent(text.toWellFormed())}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/api/sessions/%',
      '/api/sessions/%ff',
      '/api/sessions/%00',
      '/api/sessions/SESSION/more',
      '/api/sessions/..%2f',
    ),
  },
);
const names = fc.constantFrom(
  'sessionId',
  'prompt',
  'messageId',
  'parentId',
  'after',
  'until',
  'runId',
  '__proto__',
  'toString',
  'extra',
);
const query = fc.array(fc.tuple(names, junk), { maxLength: 4 });
const body = fc.oneof(
  fc.json(),
  junk,
  fc.dictionary(names, fc.oneof(junk, fc.jsonValue())).map((fields) => JSON.stringify(fields)),
  fc
    .array(fc.tuple(names, junk), { maxLength: 4 })
    .map((fields) => `{${fields.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',')}}`),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes)),
  fc.constant('x'.repeat(50_000)),
);
const header = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const headers = fc.record(
  {
    authorization: fc.oneof(
      fc.constant('Bearer TOKEN'),
      fc.constantFrom('Basic TOKEN', 'Bearer', 'Bearer a.b.c', 'Bearer TOKENx'),
      header,
    ),
    'content-type': fc.oneof(
      fc.constantFrom('application/json', 'application/json; charset=utf-8', 'text/plain'),
      header,
    ),
    origin: fc.oneof(fc.constantFrom('null', 'http://localhost', 'https://evil.example'), header),
    'last-event-id': fc.oneof(fc.constantFrom('0-0', '', '1-'), header),
    'content-length': fc.constantFrom('0', '-1', '99999999', 'x'),
    'content-encoding': fc.constantFrom('gzip', 'identity', ''),
    'x-forwarded-for': header,
  },
  { requiredKeys: [] },
);
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND'),
  path,
  query,
  headers,
  body,
});

it('answers any request with its answer or a problem, and never with a failure', async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, query, headers, body }) => {
      const put = (text: string) => text.replaceAll('SESSION', session.sessionId).replaceAll('TOKEN', session.token);
      const search = new URLSearchParams(
        query.map(([name, value]): [string, string] => [name, put(value.toWellFormed())]),
      ).toString();
      const given = new Headers(
        Object.entries(headers).map(([name, value]): [string, string] => [name, put(value).trim()]),
      );
      const response = await stage.request(`${put(path)}${search === '' ? '' : `?${search}`}`, {
        method,
        headers: given,
        ...(method === 'GET' || method === 'HEAD' ? {} : { body: typeof body === 'string' ? put(body) : body }),
      });
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      expect(response.status).toBeLessThan(500);
      const isStream = response.headers.get('content-type') === 'text/event-stream';
      if (isStream) await response.body?.cancel();
      if (response.status < 400 || method === 'HEAD') return;
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      const problem = (await response.json()) as Problem;
      expect(PROBLEMS).toHaveProperty([problem.code]);
      expect(problem.status).toBe(response.status);
      expect(JSON.stringify(problem)).not.toContain(session.token);
      expect(JSON.stringify(problem)).not.toMatch(/node_modules|\.ts:|at async|zod|sqlite/i);
    }),
    { numRuns: 3000 },
  );
  // The generator reaches more than one kind of answer.
  for (const status of [400, 401, 403, 404, 405, 413, 415]) expect(seen.get(status) ?? 0).toBeGreaterThan(0);
  expect(stage.logged.filter(({ message }) => !message.startsWith('Refused a request from origin'))).toEqual([]);
  expect(stage.relay.streams).toBe(0);
});
