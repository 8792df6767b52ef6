import type { Context, Hono } from 'hono';
import { RelayError } from '../util/relay-error.ts';
import { runChecks, type CheckOptions } from './checks.ts';
import type { ClientReader } from './client-address.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import type { Endpoints, Method, RelayEnv } from './endpoint.ts';
import { isOriginAllowed, type OriginRules } from './origins.ts';
import { pageHeaders } from './pages.ts';

/** What every route is bound with. */
export interface RouterOptions extends CheckOptions {
  origins: OriginRules;
  readClient: ClientReader;
}

/** Binds paths of an app to what answers them. */
export interface Router {
  /** Binds the endpoints of one path of the API: every request to it goes through the checks in their order. */
  route(path: string, endpoints: Endpoints): void;
  /** Binds a page or a probe: GET and HEAD, for everybody, without any check. */
  page(path: string, handle: (c: Context<RelayEnv>) => Response | Promise<Response>): void;
}

/** Makes the router of an app. */
export function createRouter(app: Hono<RelayEnv>, options: RouterOptions): Router {
  return {
    route(path, endpoints) {
      const methods = Object.keys(endpoints);
      if (endpoints.GET && !endpoints.GET.opensStream) methods.push('HEAD');
      app.all(path, (c) => answer(c, endpoints, methods));
    },
    page(path, handle) {
      const methods = ['GET', 'HEAD'];
      app.all(path, pageHeaders, (c) => (methods.includes(c.req.method) ? handle(c) : refuseMethod(c, methods)));
    },
  };

  async function answer(c: Context<RelayEnv>, endpoints: Endpoints, methods: readonly string[]): Promise<Response> {
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
  }
}

function refuseMethod(c: Context<RelayEnv>, methods: readonly string[]): never {
  c.header('Allow', methods.join(', '));
  throw new RelayError('method-not-allowed');
}

function setHeaders(c: Context<RelayEnv>, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
