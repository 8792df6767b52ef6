import { deltaHead, endsWithText, TEXT_END } from '../entries/delta-groups.ts';

/**
 * Encodes entries as scripts take and publish them: in groups of three texts. The number of entries; their common
 * beginning, or nothing when the group is a single entry; and their texts, joined by line breaks. So the common beginning
 * of a batch of deltas is sent once, and a script can add them to a page as they are.
 */
export function encodeGroups(entries: readonly string[]): string[] {
  const groups: string[] = [];
  let head: string | null = null;
  let texts: string[] = [];
  const close = () => {
    if (head !== null) groups.push(String(texts.length), head, texts.join(BREAK));
    texts = [];
  };
  for (const data of entries) {
    if (
      head === null ||
      data.slice(0, head.length) !== head ||
      !endsWithText(data, head.length) ||
      data.includes(BREAK)
    ) {
      close();
      // JSON has no line break within a text. Anything else that has one is kept as it is.
      head = data.includes(BREAK) ? null : deltaHead(data);
      if (head === null) {
        groups.push('1', '', data);
        continue;
      }
    }
    texts.push(data.slice(head.length, -TEXT_END.length));
  }
  close();
  return groups;
}

/** The entries of groups, as JSON texts. @throws TypeError when they are no groups. */
export function decodeGroups(groups: readonly string[]): string[] {
  const entries: string[] = [];
  for (let index = 0; index < groups.length; index += GROUP_TEXTS) {
    const [count, head, data] = groups.slice(index, index + GROUP_TEXTS);
    if (head === undefined || data === undefined) throw new TypeError('a group of entries is not whole');
    const texts = head === '' ? [data] : data.split(BREAK).map((text) => head + text + TEXT_END);
    if (texts.length !== Number(count)) throw new TypeError('a group has another number of entries than it says');
    entries.push(...texts);
  }
  return entries;
}

/** Texts of one group. */
export const GROUP_TEXTS = 3;
const BREAK = '\n';
