import type { Conversation } from './conversation.ts';
import { isSessionOver } from './credentials.ts';
import { stopRun, type Means } from './submit.ts';
import type { ViewState } from './view-state.ts';

export interface StopperOptions extends Omit<Means, 'signal'> {
  state: ViewState;
  conversation: Conversation;
}

/** Stops runs for the visitor. */
export interface Stopper {
  /** Stops a run, and shows it as stopping until it has ended. Resolves when the relay knows, or it came to nothing. */
  stop(runId: string): Promise<void>;
}

/** Stops the runs of a conversation. A second stop of the same run joins the first. */
export function createStopper({ state, conversation, ...means }: StopperOptions): Stopper {
  return {
    async stop(runId) {
      if (state.model.stoppingRunId === runId) return;
      state.set({ stoppingRunId: runId });
      const signal = conversation.untilClosed;
      const isMoot = (): boolean => {
        const { session, submission } = state.model;
        return (session.run?.runId ?? submission?.accepted?.runId) !== runId;
      };
      const problem = await stopRun(runId, { ...means, signal, isMoot });
      if (signal.aborted || !problem) return;
      if (state.model.stoppingRunId === runId) state.set({ stoppingRunId: null });
      if (isSessionOver(problem)) conversation.end(problem);
      else state.report(problem);
    },
  };
}
