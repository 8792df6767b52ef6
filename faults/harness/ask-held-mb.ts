import type { RelayProcess } from '#testkit/processes/relay-process.ts';
import { until } from '#testkit/wait.ts';

/** MB that a relay of faults/servers holds, after its garbage was collected. */
export async function askHeldMb(relay: RelayProcess): Promise<number> {
  const answers = (): RegExpMatchArray[] => [...relay.output().matchAll(/held (\d+)/g)];
  const before = answers().length;
  relay.signal('SIGUSR2');
  const [, bytes] = await until('the relay says what it holds', () => answers()[before]);
  return Number(bytes) / 1024 / 1024;
}
