/**
 * Frames as the relay writes them, for baselines that must send the same bytes. Written out here on purpose: the
 * bench must not measure the product's code against itself.
 */
export function deltaData(runId: string, text: string): string {
  return JSON.stringify({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

export function encodeFrame(id: string, data: string): string {
  return `id: ${id}\ndata: ${data}\n\n`;
}

/** As long as the ids that the relay makes. */
export const SAMPLE_RUN_ID = 'V1StGXR8_Z5jdHi6B-myT';
export const SAMPLE_FENCE = 1_795_000_000_000;
