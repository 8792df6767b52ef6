/** A piece of text: an address that was written out becomes a link. */
export type Piece = string | { readonly href: string; readonly text: string };

const ADDRESS = /(?:https?:\/\/|www\.)[^\s<]+/gi;
const MAIL_DOMAIN = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z0-9-]*[a-z0-9]/i;
const MAIL_CHARACTER = /[\w.+-]/;
const ENTITY_AT_END = /&[a-z0-9]{1,30};$/i;

/** The longest local part and domain of a mail address (RFC 5321), so that each `@` costs no more than that. */
const MAX_LOCAL = 64;
const MAX_DOMAIN = 253;

/** Splits a text at the web and mail addresses in it, by the rules of GFM's extended autolinks. */
export function splitLinks(text: string): Piece[] {
  if (!text.includes('@') && !/https?:\/\/|www\./i.test(text)) return [text];
  const pieces: Piece[] = [];
  let drawn = 0;
  for (const { from, address, href } of findAddresses(text)) {
    if (from < drawn) continue;
    if (from > drawn) pieces.push(text.slice(drawn, from));
    pieces.push({ href, text: address });
    drawn = from + address.length;
  }
  if (drawn < text.length) pieces.push(text.slice(drawn));
  return pieces;
}

interface Found {
  from: number;
  address: string;
  href: string;
}

function findAddresses(text: string): Found[] {
  const found: Found[] = [];
  for (const match of text.matchAll(ADDRESS)) {
    if (/\w/.test(text[match.index - 1] ?? '')) continue;
    const address = trimAddress(match[0]);
    const isBare = /^www\./i.test(address);
    if (isBare ? !/^www\.[^.]/i.test(address) : !/^https?:\/\/[^/?#]/i.test(address)) continue;
    found.push({ from: match.index, address, href: encode(isBare ? `http://${address}` : address) });
  }
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const mail = readMail(text, at);
    if (mail) found.push(mail);
  }
  return found.toSorted((a, b) => a.from - b.from);
}

function readMail(text: string, at: number): Found | null {
  let from = at;
  while (from > 0 && at - from < MAX_LOCAL && MAIL_CHARACTER.test(text[from - 1] ?? '')) from -= 1;
  const domain = MAIL_DOMAIN.exec(text.slice(at + 1, at + 1 + MAX_DOMAIN))?.[0];
  if (from === at || domain === undefined || /[\w-]/.test(text[at + 1 + domain.length] ?? '')) return null;
  const address = `${text.slice(from, at)}@${domain}`;
  const scheme = text.slice(Math.max(0, from - 'mailto:'.length), from);
  const hasScheme = /^mailto:$/i.test(scheme);
  return {
    from: hasScheme ? from - scheme.length : from,
    address: hasScheme ? scheme + address : address,
    href: `mailto:${address}`,
  };
}

/** Takes off what belongs to the sentence and not to the address: full stops, brackets that were opened before it. */
function trimAddress(address: string): string {
  let end = address.length;
  let open = 0;
  let close = 0;
  for (const character of address) {
    if (character === '(') open += 1;
    else if (character === ')') close += 1;
  }
  while (end > 0) {
    const last = address[end - 1] ?? '';
    if ('?!.,:*_~\'"'.includes(last)) end -= 1;
    else if (last === ')' && close > open) {
      end -= 1;
      close -= 1;
    } else if (last === ';') end -= ENTITY_AT_END.exec(address.slice(Math.max(0, end - 33), end))?.[0].length ?? 1;
    else break;
  }
  return address.slice(0, end);
}

function encode(href: string): string {
  // A lone half of a surrogate pair is no character, and encodeURI throws at it.
  return encodeURI(href.toWellFormed()).replaceAll('%25', '%');
}
