import type { ModelFactory } from '../../generation/models/model-provider.ts';
import type { OriginRules } from '../../http/origins.ts';
import type { PromptLimits } from '../../limits/prompt-limiter.ts';
import type { RelayLimits, RelayOptions } from '../../relay-options.ts';
import type { StoreLocation } from '../../store/store-driver.ts';
import type { LogLevel } from '../create-logger.ts';

/** What the environment says, checked; `.env.example` says what each setting means. */
export interface Config {
  port: number;
  host: string;
  /** The host is a loopback address: only this machine can reach the relay. */
  isLoopback: boolean;
  store: StoreLocation;
  model: ModelConfig;
  systemPrompt: string | undefined;
  maxOutputTokens: number;
  timeouts: Required<NonNullable<RelayOptions['timeouts']>>;
  takeover: NonNullable<RelayOptions['takeover']>;
  leaseMs: number;
  drainMs: number;
  /** Undefined: the relay makes one and keeps it in `store.secretFile`. A shared store always has one. */
  secret: string | undefined;
  origins: OriginRules;
  /** Addresses and CIDR ranges. */
  trustedProxies: readonly string[];
  sessionTtlMs: number;
  logLevel: LogLevel;
  limits: RelayLimits & { prompts: PromptLimits };
}

/** The model that was chosen. */
export interface ModelConfig {
  /** As MODEL says. */
  name: string;
  create: ModelFactory;
}
