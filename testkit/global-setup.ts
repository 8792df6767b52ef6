import { ensureBrowser } from '#scripts/ensure-browser.ts';
import { ensureBuild } from '#scripts/ensure-build.ts';
import { ensureNginx } from '#scripts/ensure-nginx.ts';
import { ensureRedis } from '#scripts/ensure-redis.ts';

/** Once before all end-to-end tests: the pages they open are built from the sources as they are, and a browser, a Redis and an nginx exist. */
export function setup(): void {
  process.env['CHROME_PATH'] = ensureBrowser();
  ensureRedis();
  ensureNginx();
  ensureBuild();
}
