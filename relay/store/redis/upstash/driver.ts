import { httpUrl, text } from '../../../util/settings.ts';
import { defineStoreDriver } from '../../store-driver.ts';
import { keyPrefix } from '../key-prefix.ts';

/** STORE says no more than that; address and token are settings of their own, named as Upstash names them. */
const STORE = 'upstash:';
const MISSING = `set with STORE=${STORE}, as the database's page shows it`;

/** Upstash Redis over HTTPS. */
export const upstashDriver = defineStoreDriver({
  schemes: ['upstash'],
  forms: [STORE],
  isShared: true,
  settings: {
    KEY_PREFIX: keyPrefix,
    UPSTASH_REDIS_REST_URL: httpUrl(MISSING),
    UPSTASH_REDIS_REST_TOKEN: text(MISSING),
  },
  accepts: (store) => store === STORE,
  locate(_, { KEY_PREFIX: prefix, UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }) {
    return {
      label: url,
      async open(options) {
        const { openUpstashStore } = await import('./open-upstash-store.ts');
        return openUpstashStore({ url, token, prefix, ...options });
      },
    };
  },
});
