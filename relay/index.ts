/** The relay as a part of somebody's own server: `resumable-chat/relay`. Nothing here needs Node. */
export { createRelay, type Relay, type RelayLimits, type RelayOptions } from './app.ts';
export type { Logger } from './util/logger.ts';
export type * from './store/session-store.ts';
export { StoreError } from './store/store-error.ts';
