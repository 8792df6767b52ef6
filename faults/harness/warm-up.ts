import path from 'node:path';
import { createRelayProcess } from '#testkit/processes/relay-process.ts';
import { ROOT } from '../../scripts/ensure-build.ts';
import { BROKEN_RELAY } from './fault-stage.ts';

/**
 * Thousands of relays are started here: what Node has compiled of one is kept for the next, which halves what its start
 * costs. A process that is killed leaves nothing behind for others, so that one of each kind is ended in order first.
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
