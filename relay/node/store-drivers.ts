/** The registry of store drivers, one line each: the scheme of STORE chooses among them. docs/extending.md adds one. */
export { redisDriver } from '../store/redis/ioredis/driver.ts';
export { sqliteDriver } from '../store/sqlite/driver.ts';
export { upstashDriver } from '../store/redis/upstash/driver.ts';
