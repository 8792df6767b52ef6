/** The defaults of `createRelay`'s options and of the settings. Times are in ms, sizes in bytes. */
export const DEFAULTS = {
  sessionTtlMs: 86_400_000,
  leaseMs: 10_000,
  drainMs: 25_000,
  maxOutputTokens: 4096,
  timeouts: { firstChunkMs: 60_000, chunkMs: 30_000, totalMs: 600_000 },
  takeover: 'restart',
  limits: {
    maxPromptBytes: 8192,
    maxBodyBytes: 32_768,
    streams: { perSession: 20, perAddress: 100, total: 10_000 },
  },
} as const;
