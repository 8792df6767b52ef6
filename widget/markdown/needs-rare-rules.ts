/** `[name](https://…)`, as it is or half-written: the one way in which an address needs no rule of its own. */
const PLAIN_LINK = /(?<![\\!\w])\[[^[\]`\\<\n]*\]\(https?:\/\/[^\s()<>\\]*\)/gi;
const OPEN_LINK = /(?<![\\!\w])\[[^[\]`\\<\n]*\]\([^\s()<>\\]*$/;

const RARE = new RegExp(
  [
    // Struck out, images, characters by their names, formulas, links and what they refer to, footnotes.
    /~~|!\[|&[#a-z][a-z0-9]{1,31};|\\[([]|\$[^\s\d]|\]:|[^\s\d[\]]{2}\]\[/,
    // Addresses: in angle brackets, and written out. A line's break in a cell.
    /<[^\s<>]*[:@]|<br|https?:\/\/|www\.|[\w.+-]@[a-z0-9_-]/,
    // A table's second line below the last bar of its first one; quotes, in lists too.
    /\|[^|\n]*\n[ \t>]*[|:-]|^[ \t\d.)*+>-]{0,200}>/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'im',
);

/**
 * Whether a text has, as far as it has come, marks that only the rarer rules read. Without any both ways to read it
 * come to the same; one too many costs no more than the loading of a part.
 */
export function needsRareRules(text: string, done: boolean): boolean {
  const rest = text.replaceAll(PLAIN_LINK, '[]()');
  return RARE.test(done ? rest : rest.replace(OPEN_LINK, ''));
}
