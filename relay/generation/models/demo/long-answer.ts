import { toTokens } from './pace.ts';
import type { Random } from './random.ts';

/** The longest answer to `/long`, in tokens. */
export const MAX_LONG_TOKENS = 200_000;

const SUBJECTS = [
  'the log',
  'a cursor',
  'the relay',
  'every viewer',
  'the writer',
  'a fence',
  'the transcript',
  'one lease',
] as const;
const VERBS = ['keeps', 'follows', 'remembers', 'hands over', 'repeats', 'orders', 'survives', 'explains'] as const;
const OBJECTS = [
  'each message once',
  'what came before',
  'the next step',
  'a lost connection',
  'the whole story',
  'the smallest detail',
] as const;
const MANNERS = [
  'without haste',
  'in order',
  'as promised',
  'even after a restart',
  'for everyone who watches',
  'and nothing is typed twice',
] as const;

/**
 * Exactly `tokens` pieces of markdown in numbered sections. Each section is made when it is reached, so a long answer
 * takes no memory.
 */
export function* composeLongAnswer(tokens: number, random: Random): Generator<string> {
  let left = tokens;
  for (let section = 1; left > 0; section += 1) {
    for (const piece of toTokens(composeSection(section, random))) {
      yield piece;
      left -= 1;
      if (left === 0) return;
    }
  }
}

function composeSection(section: number, random: Random): string {
  const heading = `${section === 1 ? '' : '\n\n'}## ${section}. ${capital(sentence(random))}\n\n`;
  const extra = random.pick([bullets, paragraph, numbered, quote, code, table]);
  return `${heading}${paragraph(random)}\n\n${extra(random)}\n\n${paragraph(random)}`;
}

function sentence(random: Random): string {
  return `${random.pick(SUBJECTS)} ${random.pick(VERBS)} ${random.pick(OBJECTS)}`;
}

function paragraph(random: Random): string {
  const sentences = Array.from({ length: random.between(3, 6) }, () => {
    const manner = random.pick(MANNERS);
    return `${capital(sentence(random))} ${random.next() < 0.2 ? `*${manner}*` : manner}.`;
  });
  return sentences.join(' ');
}

function bullets(random: Random): string {
  return Array.from(
    { length: random.between(3, 5) },
    () => `- **${random.pick(SUBJECTS)}** ${random.pick(VERBS)} ${random.pick(OBJECTS)}`,
  ).join('\n');
}

function numbered(random: Random): string {
  return Array.from(
    { length: 3 },
    (_, index) => `${index + 1}. ${capital(sentence(random))}\n   - ${random.pick(MANNERS)}`,
  ).join('\n');
}

function quote(random: Random): string {
  return `> ${capital(sentence(random))}, ${random.pick(MANNERS)}.`;
}

function code(random: Random): string {
  const fence = random.between(1000, 9999);
  return `\`\`\`ts\nconst cursor = '${fence}-${random.between(0, 99)}';\nfor await (const frame of follow(cursor)) apply(frame);\n\`\`\``;
}

function table(random: Random): string {
  const rows = Array.from(
    { length: 3 },
    () => `| ${random.pick(SUBJECTS)} | ${random.pick(MANNERS)} | ${random.between(1, 500)} |`,
  );
  return `| what | how | times |\n|---|---|---:|\n${rows.join('\n')}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
