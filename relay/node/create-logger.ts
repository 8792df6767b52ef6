import { pino, type Logger } from 'pino';
import type { LogLevel } from './config.ts';

/** Never in a log, wherever it turns up in the fields: what was written, and what would let somebody act for a visitor. */
const SECRETS = ['prompt', 'token', 'authorization', 'secret', 'apiKey', 'messages', 'text', 'body', 'entries', 'data'];

/** Lines of JSON on stderr, written at once, so that the last words of a process that dies are not lost. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      redact: {
        paths: [...SECRETS, 'sessionId'].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: (value, path) =>
          path.at(-1) === 'sessionId' && typeof value === 'string' ? `${value.slice(0, 6)}…` : '[redacted]',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
