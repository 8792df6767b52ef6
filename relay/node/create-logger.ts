import { pino, type Logger } from 'pino';

/** The least severe lines that are written; `silent` writes none. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields that are never logged: what visitors and models wrote, and what would let somebody act for a visitor. */
const SECRETS = ['prompt', 'token', 'authorization', 'secret', 'apiKey', 'messages', 'text', 'body', 'entries', 'data'];

/**
 * Lines of JSON on stderr. They are written synchronously, so that the last lines of a process that dies are not lost.
 * Secret fields are replaced, and session ids are cut to six characters.
 *
 * @example
 * const relay = createRelay({ ...options, logger: createLogger('info') });
 */
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
