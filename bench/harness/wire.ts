/**
 * A log entry with a text delta, as the relay writes it, for baselines that send the same bytes. Written here a second
 * time on purpose: a baseline that used the product's code would hide that code's cost.
 */
export function deltaData(runId: string, text: string): string {
  return JSON.stringify({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

/** A server-sent event with this data. */
export function encodeFrame(id: string, data: string): string {
  return `id: ${id}\ndata: ${data}\n\n`;
}

/** A run id of the length that the relay's ids have. */
export const SAMPLE_RUN_ID = 'V1StGXR8_Z5jdHi6B-myT';
/** A fence of the length that the relay's fences have. */
export const SAMPLE_FENCE = 1_795_000_000_000;
