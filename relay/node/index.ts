/** What a relay on Node needs besides `createRelay`: `resumable-chat/relay/node`. */
export { createPromptLimiter, type CounterOptions } from '../limits/create-prompt-limiter.ts';
export type { PromptLimiter, PromptLimits, PromptTicket } from '../limits/prompt-limiter.ts';
export { createLogger, LOG_LEVELS, type LogLevel } from './create-logger.ts';
export { createServer, type ServerOptions } from './create-server.ts';
export { DIST_FOLDER } from './dist-folder.ts';
export { keepSecret } from './keep-secret.ts';
export { listen, ListenError, type ListenOptions } from './listen.ts';
export { loadStaticFiles } from './load-static-files.ts';
