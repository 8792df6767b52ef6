/** The length and pace of a generated reply. */
export interface TokenStream {
  /** Tokens of the reply. */
  count: number;
  /** Tokens per second. */
  rate: number;
}

/** Hears the tokens of one reply. */
export interface TokenListener {
  onToken(text: string): void;
  onEnd(): void;
}

/** Makes the tokens of many replies; the same code paces the relay's model and the baselines. */
export interface TokenWheel {
  /**
   * Starts a reply at a random moment within one interval, so that many replies do not make their tokens at once.
   * Returns a function that stops it.
   */
  start(stream: TokenStream, listener: TokenListener): () => void;
  /** Ends all replies where they are. */
  stopAll(): void;
}

/** Begins the time stamp of a token: `STAMP_DIGITS` base-36 digits follow, in microseconds. */
export const STAMP_MARK = '@';
/** Digits of a time stamp: enough for a machine that has been up for three years. */
export const STAMP_DIGITS = 9;

/** The monotonic clock, which all processes of a machine share, in microseconds. */
export function nowMicroseconds(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

const WORDS = ['a', 'of', 'the', 'text', 'reply', 'stream', 'session', 'resuming', 'connected'];

/** The text of token `index`: a time stamp of now, and a word of 1 to 9 letters. */
export function stampedToken(index: number): string {
  const stamp = nowMicroseconds().toString(36).padStart(STAMP_DIGITS, '0');
  return `${STAMP_MARK}${stamp} ${WORDS[index % WORDS.length]} `;
}

/** The text of token `index` without a time stamp. */
export function plainToken(index: number): string {
  return `${WORDS[(index * 7) % WORDS.length]} `;
}

/** Creates a wheel: one timer of 1 ms for all replies of the process, which runs only while there are any. */
export function createTokenWheel(): TokenWheel {
  interface Spoke extends TokenStream {
    listener: TokenListener;
    startedAt: number;
    made: number;
  }
  const spokes = new Set<Spoke>();
  let timer: NodeJS.Timeout | null = null;

  const turn = (): void => {
    const now = performance.now();
    for (const spoke of spokes) {
      const due = Math.min(spoke.count, Math.floor(((now - spoke.startedAt) / 1000) * spoke.rate));
      // A listener may stop its own stream while it is called.
      while (spoke.made < due && spokes.has(spoke)) {
        const index = spoke.made;
        spoke.made += 1;
        spoke.listener.onToken(stampedToken(index));
      }
      if (spoke.made >= spoke.count && spokes.delete(spoke)) spoke.listener.onEnd();
    }
    if (spokes.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };

  return {
    start: (stream, listener) => {
      const offset = (Math.random() * 1000) / stream.rate;
      const spoke: Spoke = { ...stream, listener, startedAt: performance.now() + offset, made: 0 };
      spokes.add(spoke);
      timer ??= setInterval(turn, 1);
      return () => spokes.delete(spoke);
    },
    stopAll: () => {
      for (const spoke of spokes) spoke.count = spoke.made;
    },
  };
}
