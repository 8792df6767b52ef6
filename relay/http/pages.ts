import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { RelayError } from '../util/relay-error.ts';

/** A file held in memory. */
export interface StaticFile {
  bytes: Uint8Array<ArrayBuffer>;
  contentType: string;
  /** A strong validator of these bytes, with its quotation marks. */
  etag: string;
  /** Its name changes with its bytes, so that it may be kept for good. */
  immutable: boolean;
  /** Part of the widget: pages of any origin may load it. */
  isPublic: boolean;
}

/** What is served besides the API, by path. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** The demo page works under these rules, and a site can set the same for its own pages. */
export const pageHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    frameSrc: ["'self'"],
    frameAncestors: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    requireTrustedTypesFor: ["'script'"],
  },
  // What a reverse proxy with TLS in front of it should say is that proxy's own matter.
  strictTransportSecurity: false,
  overwrite: false,
});

export function serveFile(files: StaticFiles, path: string, notBuilt: string) {
  return function serve(c: Context): Response {
    const file = files.get(path);
    if (!file) throw new RelayError('not-found', { detail: notBuilt });
    c.header('ETag', file.etag);
    // no-cache: kept, but asked for again each time. A widget.js kept too long would name parts that are gone.
    c.header('Cache-Control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (file.isPublic) {
      c.header('Cross-Origin-Resource-Policy', 'cross-origin');
      // Module scripts, and the parts they import, are fetched with CORS.
      c.header('Access-Control-Allow-Origin', '*');
    }
    if (matches(c.req.header('if-none-match'), file.etag)) return c.body(null, 304);
    return c.body(file.bytes, 200, { 'Content-Type': file.contentType });
  };
}

/** If-None-Match, compared weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  return (
    header !== undefined &&
    header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
  );
}
