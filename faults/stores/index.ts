import type { StoreName, StoreUnderTest } from '../harness/store-under-test.ts';
import { redisUnderTest } from './redis.ts';
import { sqliteUnderTest } from './sqlite.ts';

export const STORES: Readonly<Partial<Record<StoreName, StoreUnderTest>>> = {
  sqlite: sqliteUnderTest,
  redis: redisUnderTest,
};
