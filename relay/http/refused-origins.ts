import type { Logger } from '../util/logger.ts';
import { isOrigin } from './origins.ts';

/** Origins that are named in warnings; strangers can make up any number of them. */
const MAX_NAMED = 100;
/** Longest origin that is named: a scheme, a host of 253 characters (RFC 1035) and a port. */
const MAX_ORIGIN_LENGTH = 270;

/** Names each refused origin once, so that a forgotten entry in ALLOWED_ORIGINS is found in the log. */
export interface RefusedOrigins {
  /** A request with this `Origin` header was refused. What no browser sends as one is not named. */
  note(origin: string | undefined): void;
}

/** Creates an empty list of refused origins that warns through `logger`. */
export function createRefusedOrigins(logger: Logger): RefusedOrigins {
  const named = new Set<string>();
  return {
    note(origin) {
      if (origin === undefined || origin.length > MAX_ORIGIN_LENGTH || !isOrigin(origin)) return;
      if (named.has(origin) || named.size > MAX_NAMED) return;
      named.add(origin);
      if (named.size > MAX_NAMED) {
        logger.warn({ named: MAX_NAMED }, 'Refused requests from more origins than are named: see the lines at debug');
        return;
      }
      const advice = 'to let its pages use the relay, add it to ALLOWED_ORIGINS';
      logger.warn({ origin }, `Refused a request from origin ${origin}: ${advice}`);
    },
  };
}
