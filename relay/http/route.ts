import type { Context, Hono } from 'hono';
import { RelayError } from '../util/relay-error.ts';
import { pageHeaders } from './pages.ts';
import type { Endpoints, Method, RelayEnv } from './endpoint.ts';
import { runChecks, type CheckOptions } from './checks.ts';
import type { createClientReader } from './client-address.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import { isOriginAllowed, type OriginRules } from './origins.ts';

export interface RouteOptions extends CheckOptions {
  origins: OriginRules;
  readClient: ReturnType<typeof createClientReader>;
}

/** Binds the endpoints of one path under `/api`; every request to it goes through the checks in their order. */
export function route(app: Hono<RelayEnv>, path: string, endpoints: Endpoints, options: RouteOptions): void {
  const methods = Object.keys(endpoints);
  if (endpoints.GET && !endpoints.GET.opensStream) methods.push('HEAD');

  app.all(path, async function dispatch(c) {
    const origin = c.req.header('origin');
    const client = options.readClient(c);
    const self = `${client.scheme}://${new URL(c.req.url).host}`;
    const originAllowed = origin === undefined || isOriginAllowed(origin, self, options.origins);
    setHeaders(c, corsHeaders(origin, originAllowed, options.origins));

    if (c.req.method === 'OPTIONS' && origin !== undefined) {
      if (!originAllowed) throw new RelayError('origin-not-allowed');
      return c.body(null, 204, preflightHeaders(methods));
    }
    const endpoint = methods.includes(c.req.method)
      ? endpoints[(c.req.method === 'HEAD' ? 'GET' : c.req.method) as Method]
      : undefined;
    if (!endpoint) return refuseMethod(c, methods);

    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
    const draft = { c, endpoint, originAllowed, address: client.address };
    return endpoint.handle(await runChecks(draft, options));
  });
}

/** Binds a page or a probe: GET and HEAD, for everybody. */
export function page(
  app: Hono<RelayEnv>,
  path: string,
  handle: (c: Context<RelayEnv>) => Response | Promise<Response>,
): void {
  const methods = ['GET', 'HEAD'];
  app.all(path, pageHeaders, (c) => (methods.includes(c.req.method) ? handle(c) : refuseMethod(c, methods)));
}

function refuseMethod(c: Context<RelayEnv>, methods: readonly string[]): never {
  c.header('Allow', methods.join(', '));
  throw new RelayError('method-not-allowed');
}

function setHeaders(c: Context<RelayEnv>, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
