import type { StoreUnderTest } from '../harness/store-under-test.ts';
import { clusterUnderTest } from './cluster.ts';
import { redisUnderTest } from './redis.ts';
import { sentinelUnderTest } from './sentinel.ts';
import { sqliteUnderTest } from './sqlite.ts';
import { upstashUnderTest } from './upstash.ts';

export const STORES: readonly StoreUnderTest[] = [
  sqliteUnderTest,
  redisUnderTest,
  clusterUnderTest,
  sentinelUnderTest,
  upstashUnderTest,
];
