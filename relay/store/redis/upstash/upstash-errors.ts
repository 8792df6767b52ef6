import { StoreError } from '../../store-error.ts';

/**
 * What an error of `@upstash/redis` is about, without the text it came with: that text repeats the whole command, and
 * with it what a visitor wrote, which belongs in no log.
 */
export class UpstashRefusal extends Error {
  override name = 'UpstashRefusal';
  /** The word that Redis's error begins with (`NOSCRIPT`, `OOM`, `WRONGPASS` …); empty when it was not Redis that spoke. */
  readonly code: string;

  constructor(code: string, what: string) {
    super(code === '' ? what : `${what}: ${code}`);
    this.code = code;
  }
}

/** The client says so before Redis's own error, when commands were sent together. */
const PREFIX = /^(Command failed|Command \d+ \[ \w+ \] failed): /;
const CODE = /^(?:ERR )?([A-Z]{2,}\b)/;

/** An error of the client, made safe to keep. */
export function readRefusal(error: unknown): UpstashRefusal {
  if (!(error instanceof Error)) return new UpstashRefusal('', 'the request failed');
  // The client's own class for what the other side has answered.
  if (error.name !== 'UpstashError') return new UpstashRefusal('', `the request failed (${error.name})`);
  const [, code = 'ERR'] = CODE.exec(error.message.replace(PREFIX, '')) ?? [];
  return new UpstashRefusal(code, 'the store refused');
}

/** It will not let this token in, however often one asks. */
export function isForbidden({ code }: UpstashRefusal): boolean {
  return code === 'WRONGPASS' || code === 'NOAUTH' || code === 'NOPERM';
}

/** Not an answer of Redis but of what lies in between; or Redis will be able to answer later. */
export function isPassing({ code }: UpstashRefusal): boolean {
  return code === '' || code === 'LOADING' || code === 'BUSY' || code === 'READONLY';
}

export function toStoreError(refusal: UpstashRefusal): StoreError {
  return refusal.code === 'OOM'
    ? new StoreError('store-full', 'the store has no room left for this', { cause: refusal })
    : new StoreError('store-unavailable', 'the store did not take the operation', { cause: refusal });
}
