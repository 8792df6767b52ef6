import type MarkdownIt from 'markdown-it';

/** A piece of text: an address that was written out becomes a link. */
export type Piece = string | { readonly href: string; readonly text: string };

/** Saves most texts the search. */
const MAYBE_ADDRESS = /@|https?:\/\/|www\./i;

/** Chinese, Japanese and Korean are written without spaces: an address may begin right after a letter of theirs. */
const AFTER_CJK = /(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}])(?=https?:\/\/|www\.)/iu;

/** Marks around an address, which linkify-it takes for its end. */
const MARKS_AT_END = /[*_~]+$/;

/**
 * Creates what splits a text at the web and mail addresses in it, as linkify-it finds them: with `http:`, `https:`,
 * `mailto:`, `www.`, or an `@`. A bare `example.com` is none, for models write `README.md` more often.
 */
export function createLinkSplitter({
  linkify,
  normalizeLink,
}: InstanceType<typeof MarkdownIt>): (text: string) => Piece[] {
  const { re } = linkify;
  linkify.set({ fuzzyLink: false, fuzzyEmail: true }).add('ftp:', null).add('//', null);
  const bareAddress = new RegExp(re.get_url_host_port().source + re.get_path().source, 'iy');
  linkify.add('www.', {
    validate(text, pos) {
      bareAddress.lastIndex = pos;
      return bareAddress.exec(text)?.[0].length ?? 0;
    },
    normalize(match) {
      match.url = `http://${match.url}`;
    },
  });

  function splitPart(text: string): Piece[] {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of linkify.match(text) ?? []) {
      const marks = MARKS_AT_END.exec(match.text)?.[0].length ?? 0;
      const stop = match.lastIndex - marks;
      if (match.index > end) pieces.push(text.slice(end, match.index));
      pieces.push({
        href: normalizeLink(match.url.slice(0, match.url.length - marks)),
        text: text.slice(match.index, stop),
      });
      end = stop;
    }
    if (end < text.length) pieces.push(text.slice(end));
    return pieces;
  }

  return (text) => (MAYBE_ADDRESS.test(text) ? text.split(AFTER_CJK).flatMap(splitPart) : [text]);
}
