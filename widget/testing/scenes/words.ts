import type { Strings } from '../../locales/en.ts';
import { HEBREW_STRINGS } from './hebrew.ts';

/** The texts of the scenes in one language. */
export interface Words {
  lang: string;
  dir: 'ltr' | 'rtl';
  /** Texts that differ from the widget's own. */
  strings: Partial<Strings>;
  heading: string;
  greeting: string;
  suggestions: readonly string[];
  question: string;
  followUp: string;
  /** An answer with everything that markdown has; `CUT` stands where it is cut in the scenes of an unfinished one. */
  answer: string;
  short: string;
  thoughts: string;
  sourced: string;
  sources: readonly [string, string];
  draft: string;
}

/** Marks where an answer is cut in the scenes of an unfinished one. */
export const CUT = '‖';

const ENGLISH: Words = {
  lang: 'en',
  dir: 'ltr',
  strings: {},
  heading: 'Fern & Fable',
  greeting: 'Good afternoon.\nWhat shall we grow?',
  suggestions: ['Which herbs do well on a north window?', 'Plan a balcony for bees', 'Why do the leaves turn yellow?'],
  question: 'Can I grow basil indoors in winter, and what does it need?',
  followUp: 'And how often should I water it?',
  short: 'Yes. Give it the brightest sill you have and turn the pot a little every few days.',
  answer: `Yes, if it gets enough light. Basil grows on what it **sees**, not on what it is fed:${CUT} on a dark sill no fertiliser helps.

### What it needs

1. Six hours of bright light, or a lamp for twelve
2. A room that stays above 15 °C at night
3. A pot that drains:
   - gravel below, then loose soil
   - never a saucer with standing water

| Light | Water | You can pick |
|:--|:--|--:|
| South sill | every 2 days | 20 g a week |
| East or west | every 3 days | 12 g a week |
| Lamp, 12 h | daily | 30 g a week |

A timer on the lamp is worth it. With \`cron\` on any small computer:

\`\`\`sh
# on at six in the morning, off at six in the evening
0 6  * * * lamp on  --channel 2
0 18 * * * lamp off --channel 2
\`\`\`

> Pinch out the tips above a pair of leaves: each cut makes two new shoots.

More in the [guide to winter herbs](https://example.com/herbs).`,
  thoughts:
    'They ask about winter, so light is the question, not warmth. I should look up day length and compare lamps.',
  sourced:
    'In December a south sill gets about three hours of direct sun here [1]; basil wants six. A small lamp makes up for it [1][2].',
  sources: ['Day length by month', 'Lamps for kitchen herbs'],
  draft: 'Can I grow basil and mint indoors in winter?',
};

const HEBREW: Words = {
  lang: 'he',
  dir: 'rtl',
  strings: HEBREW_STRINGS,
  heading: 'שרך ואגדה',
  greeting: 'צהריים טובים.\nמה נגדל היום?',
  suggestions: ['אילו עשבי תיבול מתאימים לחלון צפוני?', 'תכנון מרפסת לדבורים', 'למה העלים מצהיבים?'],
  question: 'אפשר לגדל בזיליקום בבית בחורף, ומה הוא צריך?',
  followUp: 'וכל כמה זמן להשקות?',
  short: 'כן. תנו לו את אדן החלון המואר ביותר וסובבו מעט את העציץ כל כמה ימים.',
  answer: `כן, אם יש מספיק אור. בזיליקום גדל ממה שהוא **רואה**, לא ממה שמאכילים אותו:${CUT} על אדן חשוך שום דשן לא יעזור.

### מה הוא צריך

1. שש שעות של אור חזק, או מנורה לשתים עשרה שעות
2. חדר שנשאר מעל 15 מעלות בלילה
3. עציץ מנוקז:
   - חצץ למטה ואדמה אוורירית מעל
   - אף פעם לא צלחת עם מים עומדים

| אור | השקיה | אפשר לקטוף |
|:--|:--|--:|
| חלון דרומי | כל יומיים | 20 גרם |
| מזרח או מערב | כל 3 ימים | 12 גרם |
| מנורה, 12 שעות | כל יום | 30 גרם |

כדאי לחבר את המנורה לשעון. עם \`cron\` על כל מחשב קטן:

\`\`\`sh
# on at six in the morning, off at six in the evening
0 6  * * * lamp on  --channel 2
0 18 * * * lamp off --channel 2
\`\`\`

> קטמו את הקצוות מעל זוג עלים: כל קטימה מצמיחה שני ענפים חדשים.

עוד ב[מדריך לעשבי חורף](https://example.com/herbs).`,
  thoughts: 'השאלה היא על החורף, ולכן העניין הוא אור ולא חום. כדאי לבדוק את אורך היום ולהשוות מנורות.',
  sourced: 'בדצמבר חלון דרומי מקבל כשלוש שעות של שמש ישירה [1]; בזיליקום רוצה שש. מנורה קטנה משלימה את החסר [1][2].',
  sources: ['אורך היום לפי חודש', 'מנורות לעשבי תיבול'],
  draft: 'אפשר לגדל בזיליקום ונענע בבית בחורף?',
};

/** The languages of the scenes. */
export const WORDS = { en: ENGLISH, he: HEBREW } as const;
