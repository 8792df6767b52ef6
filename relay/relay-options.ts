import type { LanguageModel, ToolSet } from 'ai';
import type { CreateEngine } from './engine/engine.ts';
import type { TakeoverSetting } from './engine/plan-takeover.ts';
import type { ModelTimeouts } from './generation/watchdog.ts';
import type { StaticFiles } from './http/pages.ts';
import type { OriginRules } from './http/origins.ts';
import type { PromptLimiter } from './limits/prompt-limiter.ts';
import type { HubTiming } from './live/hub.ts';
import type { StreamLimits } from './live/stream-limits.ts';
import type { DemoControls } from './routes/demo.ts';
import type { SessionStore } from './store/session-store.ts';
import type { Logger } from './util/logger.ts';

/** What `createRelay` needs, and what it may be told besides. Times are in ms, sizes in bytes. */
export interface RelayOptions extends ReplyOptions, RunOptions, AccessOptions {
  /** Where sessions are kept. It stays the caller's: closing the relay does not close it. */
  store: SessionStore;
  /** Signs the session tokens: 16 bytes at least, better 32, random, and the same for all relays of one store. */
  secret: string;
  /** Where log lines go; `console` and pino loggers fit. */
  logger: Logger;
  /** How long a session is kept after its last write; must be what the store was opened with. 24 hours by default. */
  sessionTtlMs?: number;
  /** How long `drain` may take. 25 s by default. */
  drainMs?: number;
  /** The widget and the demo page, to be served beside the API. Nothing by default. */
  files?: StaticFiles;
  /** Adds routes that break the relay on purpose: never where anybody else can reach them. None by default. */
  demo?: DemoControls;
  /** The time in ms since the epoch. `Date.now` by default; for tests. */
  clock?: () => number;
  /** How often streams are pinged and polled, and when slow viewers are dropped; for tests. */
  timing?: Partial<HubTiming>;
}

/** How replies are generated. */
export interface ReplyOptions {
  /** Any language model of the AI SDK. */
  model: LanguageModel;
  /**
   * Tools that the model may call. One with `execute` is run by the relay, and is not run again once it has answered;
   * what its error says is shown to the visitor and sent to the model. One without `execute`, or with `needsApproval`,
   * ends the reply.
   */
  tools?: ToolSet;
  /** What the model is told before the conversation. Nothing by default. */
  systemPrompt?: string;
  /** The longest output of one turn of the model, in tokens. 4096 by default. */
  maxOutputTokens?: number;
  /** The turns of the model in one reply: after the last one its tool calls are not run. 8 by default. */
  maxTurns?: number;
  /** How long the model may be silent. 60 s to the first output, 30 s between outputs, 10 min for a reply by default. */
  timeouts?: Partial<ModelTimeouts>;
}

/** How runs are executed, and taken over from a relay that died. */
export interface RunOptions {
  /** This relay's name in the store, for operators. `relay` by default. */
  owner?: string;
  /** How long a relay may be silent before another one takes over its runs. 10 s by default. */
  leaseMs?: number;
  /**
   * What becomes of a half-written reply that is taken over: `restart` writes it again, `continue` has the model go on
   * from the text there is, `fail` keeps it and ends the run. `restart` by default.
   */
  takeover?: TakeoverSetting;
  /** The attempts that a run has; a planned hand-over is none. 3 by default. */
  maxAttempts?: number;
  /** The runs that the in-process engine executes at the same time. 1000 by default; other engines bound their own. */
  maxRuns?: number;
  /** Decides when and where due runs are executed. By default they run in this process, beside the routes. */
  engine?: CreateEngine;
}

/** Who may use the relay, and how much of it. */
export interface AccessOptions {
  /** The pages that may use the relay. Its own origin alone by default. */
  origins?: OriginRules;
  /**
   * The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and CIDR ranges such as
   * `10.0.0.0/8`. None by default.
   */
  trustedProxies?: readonly string[];
  /** Sizes and open streams. The defaults are those of `.env.example`. */
  limits?: Partial<RelayLimits>;
  /** Limits the prompts per minute, such as `createPromptLimiter` of `resumable-chat/relay/node`. No limit by default. */
  limiter?: PromptLimiter;
}

/** Upper bounds; 0 means that there is none. */
export interface RelayLimits {
  /** Bytes of one prompt in UTF-8. Default 8192; must leave room in `maxBodyBytes` for the rest of the request. */
  maxPromptBytes: number;
  /** Bytes of the body of one request. Default 32768. */
  maxBodyBytes: number;
  /** Streams open at the same time at this relay: 20 of a session, 100 from an address, 10000 in all by default. */
  streams: StreamLimits;
}
