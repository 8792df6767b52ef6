/** How many prompts are accepted; handed to `createRelay`, so that relays may share one. */
export interface PromptLimiter {
  /** Counts one prompt of this session, from this address (undefined: not known), unless that is one too many. */
  take(sessionId: string, address: string | undefined): Promise<PromptTicket>;
}

export type PromptTicket =
  /** Counted; `giveBack` when the prompt was not accepted after all. */
  | { kind: 'ok'; giveBack(): Promise<void> }
  /** Not counted. */
  | { kind: 'limited'; retryAfterMs: number };

export interface PromptLimits {
  /** Prompts a minute; 0 = any number. */
  perSession: number;
  perAddress: number;
}
