/** What a prompt seems to be about, as the demo model guesses it. */
export interface Topic {
  /** A few words of the prompt, as they were written; never empty. */
  name: string;
  /** The name with a capital, for the start of a sentence or a heading. */
  title: string;
  kind: 'greeting' | 'thanks' | 'code' | 'compare' | 'steps' | 'ideas' | 'story' | 'explain';
  language: 'typescript' | 'python' | 'sql' | 'bash' | 'rust';
}

const STOP_WORDS = new Set(
  `a about again all also am an and any are as at be been but by can could d do does doing for from get give go had has have
  hello help here hey hi how i if in into is it its just let like ll m make me more much my need no not now of on one or our
  out please re s say should show simple so some t tell than thank thanks that the their them then there these they this
  those to too up us use using ve want was way we well were what when where which who why will with would write you your
  explain describe compare list between difference best good short long example examples create generate steps step idea
  ideas suggest plan guide code function story poem versus vs`.split(/\s+/),
);

const KINDS: readonly [Topic['kind'], RegExp][] = [
  ['greeting', /^\W*(hi|hello|hey|good (morning|evening|afternoon)|hallo|moin)\b[^?]{0,20}$/i],
  ['thanks', /^\W*(thanks?|thank you|cheers|great|perfect|nice)\b[^?]{0,30}$/i],
  ['compare', /\b(compare|comparison|versus|vs\.?|differences?|better|pros and cons|or should)\b/i],
  [
    'code',
    /\b(code|function|script|program|implement|bug|regex|query|sql|python|typescript|javascript|rust|bash|shell|api|class|algorithm|unit test)\b/i,
  ],
  ['story', /\b(story|poem|haiku|tale|song|limerick|letter|toast|speech)\b/i],
  ['steps', /\b(how (do|can|to|should)|steps?|guide|plan|recipe|set ?up|install|build|prepare|schedule)\b/i],
  ['ideas', /\b(ideas?|suggest|names?|list|brainstorm|options|ways|recommend|examples)\b/i],
];

const LANGUAGES: readonly [Topic['language'], RegExp][] = [
  ['python', /\b(python|pandas|django|numpy)\b/i],
  ['sql', /\b(sql|query|database|postgres|sqlite|table)\b/i],
  ['bash', /\b(bash|shell|terminal|command line|linux|docker)\b/i],
  ['rust', /\brust\b/i],
];

/**
 * Guesses the topic of a prompt.
 *
 * @param earlier the prompts before it, the newest last: the topic of "why?" is what was asked before.
 */
export function readTopic(prompt: string, earlier: readonly string[] = []): Topic {
  const words = keywords(prompt);
  const kind = KINDS.find(([, pattern]) => pattern.test(prompt))?.[0] ?? 'explain';
  const language = LANGUAGES.find(([, pattern]) => pattern.test(prompt))?.[0] ?? 'typescript';
  const before = earlier.at(-1);
  if (words.length === 0 && before !== undefined && kind !== 'greeting' && kind !== 'thanks') {
    const topic = readTopic(before, earlier.slice(0, -1));
    return kind === 'explain' ? topic : { ...topic, kind };
  }
  const name = words.slice(0, 5).join(' ') || 'a good question';
  return { name, title: name.charAt(0).toUpperCase() + name.slice(1), kind, language };
}

/** The words of a prompt that say something about its topic, from its first 500 characters. */
function keywords(prompt: string): string[] {
  return [...prompt.slice(0, 500).matchAll(/[\p{L}\p{N}][\p{L}\p{N}+#'’-]*/gu)]
    .map(([word]) => word.slice(0, 40))
    .filter((word) => !STOP_WORDS.has(word.toLowerCase().replace(/['’].*$/, '')));
}
