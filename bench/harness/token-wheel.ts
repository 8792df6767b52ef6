/** Where the text of a pretended reply comes from; the same code paces the relay's model and the baselines. */
export interface TokenStream {
  /** How many tokens the reply has. */
  count: number;
  /** Tokens per second. */
  rate: number;
}

export interface TokenListener {
  onToken(text: string): void;
  onEnd(): void;
}

export interface TokenWheel {
  /** Begins a stream at a random moment within one interval, so that many do not beat together. Returns how to stop it. */
  start(stream: TokenStream, listener: TokenListener): () => void;
  /** Ends every stream where it is. */
  stopAll(): void;
}

/** Marks the moment a token was made; STAMP_DIGITS base-36 digits of microseconds follow. */
export const STAMP_MARK = '@';
export const STAMP_DIGITS = 8;

/** Microseconds on the monotonic clock, which all processes of one machine share. */
export function nowMicroseconds(): number {
  return Math.floor(Number(process.hrtime.bigint()) / 1000);
}

const WORDS = ['a', 'of', 'the', 'text', 'reply', 'stream', 'session', 'resuming', 'connected'];

/** The text of token `index`: its time of making and a word of 1 to 9 letters. */
export function stampedToken(index: number): string {
  const stamp = nowMicroseconds().toString(36).padStart(STAMP_DIGITS, '0');
  return `${STAMP_MARK}${stamp} ${WORDS[index % WORDS.length]} `;
}

/** The text of token `index` where no time is wanted: what a token of English looks like. */
export function plainToken(index: number): string {
  return `${WORDS[(index * 7) % WORDS.length]} `;
}

/** All streams of a process share one timer of 1 ms, which runs only while there are any. */
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
