/** Bytes of a prompt's request besides the prompt: field names and three ids of at most 64 characters, rounded up. */
const ENVELOPE_BYTES = 512;

/**
 * The largest prompt, in bytes, that fits into a body of `maxBodyBytes` (0: any length). A prompt whose characters are
 * escaped in JSON, such as line breaks, takes more of the body than it has bytes.
 */
export function largestPromptBytes(maxBodyBytes: number): number {
  return maxBodyBytes === 0 ? Infinity : Math.max(0, maxBodyBytes - ENVELOPE_BYTES);
}
