import type { Context, MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { RelayError } from '../util/relay-error.ts';
import { chooseCoding, type Coding } from './accept-encoding.ts';

/** The bytes of a file in one content coding. */
export interface Representation {
  bytes: Uint8Array<ArrayBuffer>;
  /** Strong validator of these bytes, quotation marks included. */
  etag: string;
}

/** A file held in memory. */
export interface StaticFile {
  contentType: string;
  /** Key of CACHE_CONTROL. */
  caching: keyof typeof CACHE_CONTROL;
  /** Part of the widget: pages of any origin may load it. */
  isPublic: boolean;
  /** The file as it is, and in the content codings that make it smaller. */
  representations: { identity: Representation } & { [coding in Coding]?: Representation };
}

/** Files served besides the API, by path. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/** How long browsers and proxies keep a file. */
const CACHE_CONTROL = {
  /** Its name changes with its bytes. */
  immutable: 'public, max-age=31536000, immutable',
  /**
   * `/widget.js`, which names the hashed files of its own build: five minutes after an upgrade no cache serves the one
   * before it (docs/decisions/0020).
   */
  brief: 'public, max-age=300, must-revalidate',
  /** Kept, but asked about each time. */
  revalidated: 'no-cache',
};

/** Headers of every page and file. The demo page works under these rules, and a site can set the same for its pages. */
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
  // Set by the reverse proxy that ends TLS, if at all.
  strictTransportSecurity: false,
  overwrite: false,
});

/**
 * Serves one file in the coding that the client prefers. Hono's own serveStatic ignores weights in `Accept-Encoding` and
 * has no validators (docs/decisions/0020).
 *
 * @param notBuilt - Detail of the 404 when there is no such file.
 */
export function serveFile(files: StaticFiles, path: string, notBuilt: string) {
  return function serve(c: Context): Response {
    const file = files.get(path);
    if (!file) throw new RelayError('not-found', { detail: notBuilt });
    const codings = Object.keys(file.representations) as Coding[];
    const coding = chooseCoding(c.req.header('accept-encoding'), codings);
    const { bytes, etag } = file.representations[coding] ?? file.representations.identity;

    c.header('ETag', etag);
    c.header('Cache-Control', CACHE_CONTROL[file.caching]);
    if (codings.length > 1) c.header('Vary', 'Accept-Encoding');
    if (file.isPublic) {
      c.header('Cross-Origin-Resource-Policy', 'cross-origin');
      // Module scripts, and the files they import, are fetched with CORS.
      c.header('Access-Control-Allow-Origin', '*');
    }
    if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
    if (coding !== 'identity') c.header('Content-Encoding', coding);
    return c.body(bytes, 200, { 'Content-Type': file.contentType, 'Content-Length': String(bytes.length) });
  };
}

/** If-None-Match, compared weakly (RFC 9110, 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  return (
    header !== undefined &&
    header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
  );
}
