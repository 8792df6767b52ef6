/** Marks that say nothing when read out, in the order in which they are removed. */
const MARKS: readonly (readonly [RegExp, string])[] = [
  // Fences of code, rules, and the line between a table's head and its rows.
  [/^[ \t>]*(?:```|~~~).*$/gm, ''],
  [/^[ \t>]*\|?[ \t]*[-*_:]{2,}[-*_: \t|]*$/gm, ''],
  // Before headings, quotes and points of a list. The numbers of a list are words.
  [/^[ \t]*(?:(?:#{1,6}|>|[-*+](?: \[[ x]\])?)[ \t]+)+/gim, ''],
  // A link is its text.
  [/!?\[([^\]\n]*)\]\([^)\n]*\)/g, '$1'],
  // Around words, and between the cells of a row.
  [/\*\*|__|~~|`/g, ''],
  [/(?<![\p{L}\d*])[*_](?=\S)|(?<=\S)[*_](?![\p{L}\d*])/gu, ''],
  [/^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$/gm, ''],
  [/[ \t]+\|[ \t]+/g, ', '],
  [/\n{2,}/g, '\n'],
];

/** A markdown text as one would read it to somebody: its words without the marks. */
export function readAloud(markdown: string): string {
  return MARKS.reduce((text, [mark, instead]) => text.replaceAll(mark, instead), markdown).trim();
}
