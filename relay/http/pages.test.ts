import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRelayStage, problemOf, type RelayStage } from '../testing/relay-stage.ts';

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

  it('serve the files they were given, for good where the name says so, and to any page where they are the widget', async () => {
    const file = (text: string, immutable: boolean, isPublic: boolean) => ({
      bytes: new TextEncoder().encode(text),
      contentType: 'text/javascript; charset=utf-8',
      etag: `"${text}"`,
      immutable,
      isPublic,
    });
    await stage.close();
    stage = openRelayStage({
      files: new Map([
        ['/widget.js', file('widget', false, true)],
        ['/', file('page', false, false)],
        ['/assets/page-12345678.js', file('asset', true, false)],
      ]),
    });
    const widget = await stage.request('/widget.js');
    expect(await widget.text()).toBe('widget');
    expect(widget.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(widget.headers.get('access-control-allow-origin')).toBe('*');
    expect(widget.headers.get('cache-control')).toBe('no-cache');
    const again = await stage.request('/widget.js', { headers: { 'if-none-match': 'W/"widget"' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const page = await stage.request('/');
    expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const asset = await stage.request('/assets/page-12345678.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/assets/', '/assets/..%2f..%2fpackage.json', '//widget.js', '/widget.js/']) {
      expect(await problemOf(await stage.request(path))).toBe('404 not-found');
    }
    expect((await stage.request('/widget.js', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });

  it('say that the widget was not built', async () => {
    expect(await (await stage.request('/widget.js')).json()).toMatchObject({
      status: 404,
      detail: expect.stringContaining('npm run build'),
    });
  });
});
