import type { LanguageModel, ToolSet } from 'ai';
import { Hono } from 'hono';
import { PAGES, ROUTES } from '#shared/protocol.ts';
import { createSessionTokens } from './auth/session-token.ts';
import { DEFAULTS } from './defaults.ts';
import { createGenerateReply, type GenerateReplyOptions } from './generation/generate-reply.ts';
import type { PromptLimiter } from './limits/prompt-limiter.ts';
import { createSessionHub, type HubTiming } from './live/session-hub.ts';
import type { StreamLimits } from './live/stream-limits.ts';
import type { Logger } from './util/logger.ts';
import { createClientReader } from './http/client-address.ts';
import type { IpRange } from './http/ip-address.ts';
import type { OriginRules } from './http/origins.ts';
import { createErrorHandler } from './http/problem-response.ts';
import { page, route, type RouteOptions } from './http/route.ts';
import { RelayError } from './util/relay-error.ts';
import { acceptPrompt } from './routes/accept-prompt.ts';
import { deleteSession } from './routes/delete-session.ts';
import { inspectSession, killRelay, writeLate, type DemoControls } from './routes/demo.ts';
import type { RelayEnv } from './http/endpoint.ts';
import { followSession } from './routes/follow-session.ts';
import { getSession } from './routes/get-session.ts';
import { mintSession } from './routes/mint-session.ts';
import { serveFile, type StaticFiles } from './http/pages.ts';
import { healthProbe, readyProbe } from './routes/probes.ts';
import { rateMessage } from './routes/rate-message.ts';
import { shareSession, unshareSession } from './routes/share-session.ts';
import { stopRun } from './routes/stop-run.ts';
import type { SessionStore } from './store/session-store.ts';
import { createStoreHealth } from './store/store-health.ts';
import { createRunner, type RunnerOptions } from './engine/in-process/runner.ts';

export interface RelayOptions {
  /** Stays the caller's: it is not closed with the relay. */
  store: SessionStore;
  model: LanguageModel;
  tools?: ToolSet;
  systemPrompt?: string;
  /** Signs the session tokens; at least 16 bytes, better 32, and the same for all relays of one store. */
  secret: string;
  logger: Logger;
  /** As the store's; 24 hours when not given. */
  sessionTtlMs?: number;
  maxOutputTokens?: number;
  timeouts?: Partial<GenerateReplyOptions['timeouts']>;
  /** Names this relay in the store, for people who look. */
  owner?: string;
  leaseMs?: number;
  /** What becomes of a half-written reply whose relay has died; `restart` when not given. */
  takeover?: RunnerOptions['takeover'];
  /** How long `drain` may take. */
  drainMs?: number;
  limits?: Partial<RelayLimits>;
  /** Limits the prompts a minute; without it they are not limited. */
  limiter?: PromptLimiter;
  /** Pages that may use the relay; its own origin alone when not given. */
  origins?: OriginRules;
  /** Whose `X-Forwarded-For` is believed; nobody's when not given. */
  trustedProxies?: readonly IpRange[];
  /** The widget and the demo page, where they are to be served. */
  files?: StaticFiles;
  /** Routes for breaking things: never where anybody else can reach them. */
  demo?: DemoControls;
  /** ms since the epoch. */
  clock?: () => number;
  timing?: Partial<HubTiming>;
}

/** 0 = none. */
export interface RelayLimits {
  maxPromptBytes: number;
  maxBodyBytes: number;
  streams: StreamLimits;
}

export interface Relay {
  readonly app: Hono<RelayEnv>;
  /** How many event streams are open. */
  readonly streams: number;
  /** Answers one request; on Node the server passes `{incoming, outgoing}` as the second argument. */
  fetch(request: Request, env?: RelayEnv['Bindings']): Response | Promise<Response>;
  /** Begins to take runs. */
  start(): void;
  /** A planned stop: refuses what is new, ends the runs or gives them back, says `bye` to the viewers. Idempotent. */
  drain(): Promise<void>;
  /** Stops without patience. */
  close(): Promise<void>;
}

/** Shares of `drainMs`: for runs to end by themselves, and for giving back what has not. The rest is for the viewers. */
const FINISH_SHARE = 0.7;
const HAND_OVER_SHARE = 0.15;
const DRAIN_LOOK_MS = 25;
const NOT_BUILT = 'The widget and the demo were not built: run npm run build.';

/** The relay as a `fetch` handler that needs nothing of Node: for a server of its own, or mounted in another Hono app. */
export function createRelay(options: RelayOptions): Relay {
  const { store, logger, clock = Date.now, sessionTtlMs = DEFAULTS.sessionTtlMs, drainMs = DEFAULTS.drainMs } = options;
  const { files = new Map(), origins = { allowed: 'own', loopback: false } } = options;
  const limits: RelayLimits = { ...DEFAULTS.limits, ...options.limits };
  const tokens = createSessionTokens({ secret: options.secret, sessionTtlMs, clock });
  const health = createStoreHealth(store);
  const hub = createSessionHub({ store, logger, limits: limits.streams, ...pick(options, 'timing') });
  const runner = createRunner({
    store,
    logger,
    workflow: createGenerateReply({
      store,
      logger,
      model: options.model,
      maxOutputTokens: options.maxOutputTokens ?? DEFAULTS.maxOutputTokens,
      timeouts: { ...DEFAULTS.timeouts, ...options.timeouts },
      ...pick(options, 'tools', 'systemPrompt'),
    }),
    owner: options.owner ?? 'relay',
    leaseMs: options.leaseMs ?? DEFAULTS.leaseMs,
    takeover: options.takeover ?? DEFAULTS.takeover,
    ...store.pace,
  });
  let draining: Promise<void> | null = null;
  const isDraining = () => draining !== null;

  const app = new Hono<RelayEnv>();
  const checks: RouteOptions = {
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
  };
  const nudge = () => runner.nudge();
  const { limiter, demo } = options;

  route(app, ROUTES.sessions, { POST: mintSession({ tokens }) }, checks);
  route(app, ROUTES.session, { GET: getSession({ store, tokens }), DELETE: deleteSession({ store, tokens }) }, checks);
  route(
    app,
    ROUTES.share,
    { POST: shareSession({ store, tokens }), DELETE: unshareSession({ store, tokens }) },
    checks,
  );
  route(app, ROUTES.feedback, { POST: rateMessage({ store, tokens }) }, checks);
  route(
    app,
    ROUTES.prompt,
    { POST: acceptPrompt({ store, tokens, limiter, nudge, clock }), DELETE: stopRun({ store, tokens, logger }) },
    checks,
  );
  route(app, ROUTES.stream, { GET: followSession({ store, tokens, hub }) }, checks);
  if (demo) {
    route(app, '/demo/kill', { POST: killRelay(demo) }, checks);
    route(app, '/demo/inspect', { GET: inspectSession(demo) }, checks);
    route(app, '/demo/late-write', { POST: writeLate(demo, store) }, checks);
  }
  page(app, PAGES.health, healthProbe);
  page(app, PAGES.ready, readyProbe({ health, isDraining }));
  for (const path of new Set([PAGES.demo, PAGES.widget, ...files.keys()])) {
    page(app, path, serveFile(files, path, NOT_BUILT));
  }
  app.notFound(() => {
    throw new RelayError('not-found');
  });
  app.onError(createErrorHandler(logger, health));

  /** A reply that can still end here is not seen to stop at all; what is handed over begins anew elsewhere. */
  async function drain(budgetMs: number): Promise<void> {
    const until = performance.now() + budgetMs * FINISH_SHARE;
    while (runner.activeRuns > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    await runner.drain(budgetMs * HAND_OVER_SHARE);
    hub.close();
  }

  return {
    app,
    get streams() {
      return hub.streams;
    },
    fetch: (request, env) => app.fetch(request, env),
    start: () => runner.start(),
    drain: () => (draining ??= drain(drainMs)),
    close: () => (draining ??= drain(0)),
  };
}

/** The options that were given, so that others keep their defaults. */
function pick<T extends object, K extends keyof T>(options: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]])) as Pick<
    T,
    K
  >;
}
