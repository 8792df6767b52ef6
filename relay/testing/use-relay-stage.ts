import { afterEach, beforeEach } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import { openRelayStage, type RelayStage, type RelayStageOptions } from './relay-stage.ts';

/**
 * A stage and a session for each test of the file, handed over before it begins. What it returns begins anew, with
 * other options.
 */
export function useRelayStage(
  take: (stage: RelayStage, session: MintAnswer) => void,
): (options: RelayStageOptions) => Promise<void> {
  let stage: RelayStage;
  async function begin(options: RelayStageOptions = {}): Promise<void> {
    stage = openRelayStage(options);
    take(stage, await stage.mint());
  }
  beforeEach(() => begin());
  afterEach(() => stage.close());
  return async (options) => {
    await stage.close();
    await begin(options);
  };
}
