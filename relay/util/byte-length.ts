/**
 * Bytes of a text in UTF-8, without encoding it: O(n), no allocation. A lone half of a surrogate pair counts as 2 bytes;
 * encoders would write 3 for it.
 */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    // 2 bytes up to U+07FF. Each half of a pair is half of the pair's 4 bytes.
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
