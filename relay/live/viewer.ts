import type { ViewerSink } from './sinks/viewer-sink.ts';

/** One open event stream. */
export interface Viewer {
  readonly sink: ViewerSink;
  /**
   * After whose terminal message the response ends (`until=idle`): a run's id, `''` when none was active (it ends with
   * the replay), or null to follow the session for good.
   */
  readonly until: string | null;
  /** Of one who reads by a share: how often shares had been revoked when it was made; null for the session's own. */
  readonly share: number | null;
  /** `replaying`: still reads the log at its own pace. `live`: gets what its session's tail gets. */
  state: 'replaying' | 'live' | 'ended';
  /** A frame was written in part: nothing else may be written before its rest. */
  inFrame: boolean;
}
