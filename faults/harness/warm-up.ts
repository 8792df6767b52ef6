import path from 'node:path';
import { createRelayProcess } from '#testkit/processes/relay-process.ts';
import { ROOT } from '../../scripts/ensure-build.ts';
import { BROKEN_RELAY } from './fault-stage.ts';

/**
 * Fills Node's compile cache by starting and stopping one relay of each kind, which halves the cost of the thousands of
 * starts that follow. A relay that is killed would leave nothing in the cache.
 */
export async function warmUp(): Promise<void> {
  process.env['NODE_COMPILE_CACHE'] = path.join(ROOT, '.tmp/compiled');
  for (const script of ['relay/node/main.ts', BROKEN_RELAY]) {
    const relay = await createRelayProcess({ MODEL: 'demo' }, { script });
    try {
      await relay.start();
      relay.signal('SIGTERM');
      await relay.ended();
    } finally {
      await relay.dispose();
    }
  }
}
