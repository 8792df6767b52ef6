import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { newId } from '#shared/ids.ts';
import { PAGES, ROUTES } from '#shared/protocol.ts';
import { createSessionTokens } from './auth/session-token.ts';
import { DEFAULTS } from './defaults.ts';
import { createRunDispatcher } from './engine/dispatch-run.ts';
import type { Engine } from './engine/engine.ts';
import { createInProcessEngine } from './engine/in-process/in-process-engine.ts';
import { createGenerateReply } from './generation/generate-reply.ts';
import { createClientReader } from './http/client-address.ts';
import type { RelayEnv } from './http/endpoint.ts';
import { checkOriginRules } from './http/origins.ts';
import { serveFile } from './http/pages.ts';
import { createErrorHandler } from './http/error-handler.ts';
import { largestPromptBytes } from './http/request-limits.ts';
import { createRouter } from './http/route.ts';
import { createHub } from './live/hub.ts';
import type { RelayLimits, RelayOptions } from './relay-options.ts';
import { acceptPrompt } from './routes/accept-prompt.ts';
import { deleteSession } from './routes/delete-session.ts';
import { inspectSession, killRelay, writeLate } from './routes/demo.ts';
import { followSession } from './routes/follow-session.ts';
import { getSession } from './routes/get-session.ts';
import { mintSession } from './routes/mint-session.ts';
import { healthProbe, readyProbe } from './routes/probes.ts';
import { rateMessage } from './routes/rate-message.ts';
import { shareSession, unshareSession } from './routes/share-session.ts';
import { stopRun } from './routes/stop-run.ts';
import { createStoreHealth } from './store/store-health.ts';
import { RelayError } from './util/relay-error.ts';
import { withoutUndefined } from './util/without-undefined.ts';

/** A relay: the API, the runs that it executes, and the streams that follow them. */
export interface Relay {
  /** The routes, to be mounted in another Hono app or asked in tests. */
  readonly app: Hono<RelayEnv>;
  /** Event streams that are open. */
  readonly streams: number;
  /** Answers one request; on Node the server passes `{incoming, outgoing}` as the second argument. */
  fetch(request: Request, env?: RelayEnv['Bindings']): Response | Promise<Response>;
  /** Begins to execute runs. */
  start(): void;
  /**
   * A planned stop, within `drainMs`: refuses new prompts and streams, lets runs end or hands them over, and tells
   * viewers when to come back. Idempotent.
   */
  drain(): Promise<void>;
  /** As `drain`, but hands over at once. */
  close(): Promise<void>;
}

/** Share of `drainMs` in which runs may end by themselves. */
const FINISH_SHARE = 0.7;
/** Share of `drainMs` in which those that have not ended are handed over. What is left is for the viewers. */
const HAND_OVER_SHARE = 0.15;
const DRAIN_POLL_MS = 25;
const NOT_BUILT = 'The widget and the demo were not built: run npm run build.';

/**
 * Creates a relay as a `fetch` handler that needs nothing of Node, for a server of its own or another Hono app. What a
 * Node server needs besides stands in `resumable-chat/relay/node`.
 *
 * @throws TypeError or RangeError naming an option that cannot work.
 * @example
 * const relay = createRelay({
 *   store: openSqliteStore({ path: './relay.db', ttlMs: 24 * 3600_000 }),
 *   model: yourModel,
 *   secret: process.env.RELAY_SECRET,
 *   logger: console,
 *   origins: { allowed: ['https://www.example.com'], loopback: false },
 * });
 * relay.start();
 * app.mount('/', relay.fetch);
 */
export function createRelay(options: RelayOptions): Relay {
  const { store, logger, limiter, demo, clock = Date.now } = options;
  const { sessionTtlMs = DEFAULTS.sessionTtlMs, drainMs = DEFAULTS.drainMs } = options;
  const { files = new Map(), origins = { allowed: 'own', loopback: false } } = options;
  const limits: RelayLimits = { ...DEFAULTS.limits, ...withoutUndefined(options.limits ?? {}) };
  checkOriginRules(origins);
  if (limits.maxPromptBytes > largestPromptBytes(limits.maxBodyBytes)) {
    throw new RangeError('limits.maxPromptBytes must leave room in limits.maxBodyBytes for the rest of the request');
  }
  const tokens = createSessionTokens({ secret: options.secret, sessionTtlMs, clock });
  const health = createStoreHealth(store);
  const { timing } = options;
  const hub = createHub({ store, logger, limits: limits.streams, ...withoutUndefined({ timing }) });
  const engine = createEngineFor(options);
  let draining: Promise<void> | null = null;
  const isDraining = () => draining !== null;

  const app = new Hono<RelayEnv>();
  app.use(requestId({ generator: newId }));
  const { route, page } = createRouter(app, {
    tokens,
    store,
    clock,
    origins,
    maxBodyBytes: limits.maxBodyBytes,
    maxPromptBytes: limits.maxPromptBytes,
    readClient: createClientReader(options.trustedProxies ?? []),
    isDraining,
    isFull: () => hub.isFull,
    storeReachable: () => health.reachable(),
  });
  const session = { store, tokens };
  const dispatch = createRunDispatcher(engine, logger);

  route(ROUTES.sessions, { POST: mintSession({ tokens }) });
  route(ROUTES.session, { GET: getSession(session), DELETE: deleteSession(session) });
  route(ROUTES.share, { POST: shareSession(session), DELETE: unshareSession(session) });
  route(ROUTES.feedback, { POST: rateMessage(session) });
  route(ROUTES.prompt, {
    POST: acceptPrompt({ ...session, limiter, dispatch, clock }),
    DELETE: stopRun({ ...session, logger }),
  });
  route(ROUTES.stream, { GET: followSession({ ...session, hub }) });
  if (demo) {
    route('/demo/kill', { POST: killRelay(demo) });
    route('/demo/inspect', { GET: inspectSession(demo) });
    route('/demo/late-write', { POST: writeLate(demo, store) });
  }
  page(PAGES.health, healthProbe);
  page(PAGES.ready, readyProbe({ health, isDraining }));
  for (const path of new Set([PAGES.demo, PAGES.widget, ...files.keys()]))
    page(path, serveFile(files, path, NOT_BUILT));
  if (engine.routes) app.route('/', engine.routes);
  app.notFound(() => {
    throw new RelayError('not-found');
  });
  app.onError(createErrorHandler(logger, health));

  /** A reply that ends here is not seen to stop at all; one that is handed over may begin anew elsewhere. */
  async function drain(budgetMs: number): Promise<void> {
    const until = performance.now() + budgetMs * FINISH_SHARE;
    while (engine.activeRuns > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    await engine.drain(budgetMs * HAND_OVER_SHARE);
    hub.close();
  }

  return {
    app,
    get streams() {
      return hub.streams;
    },
    fetch: (request, env) => app.fetch(request, env),
    start: () => engine.start(),
    drain: () => (draining ??= drain(drainMs)),
    close: () => (draining ??= drain(0)),
  };
}

function createEngineFor(options: RelayOptions): Engine {
  const { store, logger, model, tools, systemPrompt, maxTurns, maxAttempts, maxRuns } = options;
  const { maxOutputTokens = DEFAULTS.maxOutputTokens, owner = 'relay' } = options;
  const { leaseMs = DEFAULTS.leaseMs, takeover = DEFAULTS.takeover } = options;
  const timeouts = { ...DEFAULTS.timeouts, ...withoutUndefined(options.timeouts ?? {}) };
  const reply = { store, logger, model, maxOutputTokens, timeouts };
  const createEngine =
    options.engine ?? ((parts) => createInProcessEngine({ ...parts, ...withoutUndefined({ maxRuns }) }));
  return createEngine({
    store,
    logger,
    workflow: createGenerateReply({ ...reply, ...withoutUndefined({ tools, systemPrompt, maxTurns }) }),
    owner,
    leaseMs,
    takeover,
    ...withoutUndefined({ maxAttempts }),
    ...store.pace,
  });
}
