import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRelayStage, problemOf, type RelayStage } from '../testing/relay-stage.ts';
import type { StaticFile } from './pages.ts';

let stage: RelayStage;

beforeEach(() => {
  stage = openRelayStage();
});
afterEach(() => stage.close());

describe('pages and probes', () => {
  it('answer HEAD as GET', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await stage.request(path, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  });

  it('say that the widget was not built', async () => {
    expect(await (await stage.request('/widget.js')).json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining('npm run build'),
    });
  });
});

/** A file whose representations say what they are. */
function fileOf(text: string, traits: Partial<StaticFile>, ...codings: ('br' | 'gzip')[]): StaticFile {
  const represent = (coding: string) => ({
    bytes: new TextEncoder().encode(`${text} as ${coding}`),
    etag: `"${text}-${coding}"`,
  });
  return {
    contentType: 'text/javascript; charset=utf-8',
    caching: 'revalidated',
    isPublic: false,
    representations: {
      identity: represent('identity'),
      ...Object.fromEntries(codings.map((coding) => [coding, represent(coding)])),
    },
    ...traits,
  };
}

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** The bytes on the wire; fetch would decode them. */
async function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { method, headers, agent: false }, resolve).on('error', reject).end();
  });
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk as string;
  return { status: response.statusCode, headers: response.headers, body };
}

describe('files', () => {
  let origin: string;

  beforeEach(async () => {
    await stage.close();
    stage = openRelayStage({
      files: new Map([
        ['/widget.js', fileOf('widget', { caching: 'brief', isPublic: true }, 'br', 'gzip')],
        ['/panel-12345678.js', fileOf('panel', { caching: 'immutable', isPublic: true }, 'gzip')],
        ['/', fileOf('page', { contentType: 'text/html; charset=utf-8' }, 'br', 'gzip')],
        ['/assets/night-12345678.png', fileOf('picture', { contentType: 'image/png', caching: 'immutable' })],
      ]),
    });
    origin = await stage.listen();
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['identity', undefined],
    [undefined, undefined],
  ])('are sent for accept-encoding %o in the coding %o', async (accepted, coding) => {
    const { status, headers, body } = await ask(`${origin}/widget.js`, accepted ? { 'accept-encoding': accepted } : {});
    expect([status, headers['content-encoding'], body]).toEqual([200, coding, `widget as ${coding ?? 'identity'}`]);
    expect(headers.etag).toBe(`"widget-${coding ?? 'identity'}"`);
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers.vary).toBe('Accept-Encoding');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  it('do not vary when they exist as they are alone', async () => {
    const { headers, body } = await ask(`${origin}/assets/night-12345678.png`, { 'accept-encoding': 'br, gzip' });
    expect([headers['content-encoding'], headers.vary, body]).toEqual([undefined, undefined, 'picture as identity']);
  });

  it('answer HEAD with the headers of GET, and nothing else', async () => {
    const got = await ask(`${origin}/widget.js`, { 'accept-encoding': 'br' });
    const head = await ask(`${origin}/widget.js`, { 'accept-encoding': 'br' }, 'HEAD');
    expect([head.status, head.body]).toEqual([200, '']);
    const { date: _, 'x-request-id': __, ...expected } = got.headers;
    expect(head.headers).toMatchObject(expected);
  });

  it('are not sent again to a client that has them in the coding it asks for', async () => {
    const asks = (accepted: string, tags: string, method = 'GET') =>
      ask(`${origin}/widget.js`, { 'accept-encoding': accepted, 'if-none-match': tags }, method);
    for (const tags of ['"widget-br"', 'W/"widget-br"', '"other", "widget-br"', '*']) {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers, body } = await asks('br', tags, method);
        expect([status, body, headers.etag, headers.vary], tags).toEqual([304, '', '"widget-br"', 'Accept-Encoding']);
        expect(headers['cache-control']).toBe('public, max-age=300, must-revalidate');
        expect([headers['content-encoding'], headers['content-type']]).toEqual([undefined, undefined]);
        expect(headers['access-control-allow-origin']).toBe('*');
      }
    }
    expect((await asks('gzip', '"widget-br"')).status).toBe(200);
    expect((await asks('gzip', '"widget-gzip"')).status).toBe(304);
    expect((await asks('identity', '"widget-gzip"')).status).toBe(200);
  });

  it('may be kept for good, for a while or only to be asked about, by what their name says', async () => {
    const caching = async (path: string) => (await ask(`${origin}${path}`)).headers['cache-control'];
    expect(await caching('/panel-12345678.js')).toBe('public, max-age=31536000, immutable');
    expect(await caching('/widget.js')).toBe('public, max-age=300, must-revalidate');
    expect(await caching('/')).toBe('no-cache');
  });

  it('may be loaded by any page where they are the widget, and by no other where they are not', async () => {
    for (const path of ['/widget.js', '/panel-12345678.js']) {
      const { headers } = await ask(`${origin}${path}`, { origin: 'https://shop.example' });
      expect(headers['cross-origin-resource-policy']).toBe('cross-origin');
      expect(headers['access-control-allow-origin']).toBe('*');
    }
    const { headers } = await ask(`${origin}/`, { origin: 'https://shop.example' });
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('are found by their exact path alone, and a part that is gone is never cached as such', async () => {
    for (const path of ['/assets/', '/assets/..%2f..%2fpackage.json', '//widget.js', '/widget.js/', '/widget.js.br']) {
      expect(await problemOf(await stage.request(path))).toBe('404 not-found');
    }
    const gone = await ask(`${origin}/panel-87654321.js`, { 'accept-encoding': 'br' });
    expect([gone.status, gone.headers['cache-control']]).toEqual([404, 'no-store']);
    expect((await stage.request('/widget.js', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });

  it('are all that is compressed: answers of the API and streams are not', async () => {
    const session = await stage.mint();
    await stage.prompt(session);
    await stage.answer(session, 'a '.repeat(4000));
    const headers = { authorization: `Bearer ${session.token}`, 'accept-encoding': 'br, gzip' };
    for (const path of [
      `/api/sessions/${session.sessionId}`,
      `/api/check-stream?sessionId=${session.sessionId}&until=idle`,
    ]) {
      const answer = await ask(`${origin}${path}`, headers);
      expect([answer.status, answer.headers['content-encoding']], path).toEqual([200, undefined]);
      expect(answer.body).toContain('a a a a');
    }
  });
});
