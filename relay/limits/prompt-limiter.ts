/** Limits accepted prompts. It is handed to `createRelay`, so that relays can share one. */
export interface PromptLimiter {
  /** Counts a prompt of a session and an address (undefined: unknown) if neither has reached its limit. */
  take(sessionId: string, address: string | undefined): Promise<PromptTicket>;
}

/** Whether a prompt was counted. */
export type PromptTicket =
  /** It was. `giveBack` undoes that when the prompt is not accepted after all. Idempotent. */
  | { kind: 'ok'; giveBack(): Promise<void> }
  /** It was not: a limit is reached, and the next window begins after `retryAfterMs`. */
  | { kind: 'limited'; retryAfterMs: number };

/** Prompts per minute; 0 means any number. */
export interface PromptLimits {
  perSession: number;
  perAddress: number;
}
