import { StoreError } from '../../store-error.ts';

/**
 * An error of `@upstash/redis` without its text, which repeats the whole command, and with it what a visitor wrote. That
 * belongs in no log.
 */
export class UpstashRefusal extends Error {
  override name = 'UpstashRefusal';
  /** Code of Redis's error (`NOSCRIPT`, `OOM`, `WRONGPASS` …); empty when the error is not Redis's. */
  readonly code: string;

  constructor(code: string, what: string) {
    super(code === '' ? what : `${what}: ${code}`);
    this.code = code;
  }
}

/** What the client puts before Redis's error when commands were sent together. */
const PREFIX = /^(Command failed|Command \d+ \[ \w+ \] failed): /;
/** Redis's error code. */
const CODE = /^(?:ERR )?([A-Z]{2,}\b)/;

/** An error of the client, made safe to log. */
export function readRefusal(error: unknown): UpstashRefusal {
  if (!(error instanceof Error)) return new UpstashRefusal('', 'the request failed');
  // The client's class for errors that the server has answered.
  if (error.name !== 'UpstashError') return new UpstashRefusal('', `the request failed (${error.name})`);
  const [, code = 'ERR'] = CODE.exec(error.message.replace(PREFIX, '')) ?? [];
  return new UpstashRefusal(code, 'the store refused');
}

/** Does the server refuse this token? Asking again does not help. */
export function isForbidden({ code }: UpstashRefusal): boolean {
  return code === 'WRONGPASS' || code === 'NOAUTH' || code === 'NOPERM';
}

/** Is it worth asking again? The request did not reach Redis, or Redis will be able to answer soon. */
export function isPassing({ code }: UpstashRefusal): boolean {
  return code === '' || code === 'LOADING' || code === 'BUSY' || code === 'READONLY';
}

/** The StoreError for a refusal. */
export function toStoreError(refusal: UpstashRefusal): StoreError {
  return refusal.code === 'OOM'
    ? new StoreError('store-full', 'the store has no room left for this', { cause: refusal })
    : new StoreError('store-unavailable', 'the store did not answer the operation', { cause: refusal });
}
