import type { PluralForms, Strings } from './locales/en.ts';

/** Puts values into a text: `fill('Used {tool}', {tool: 'search'})`. A name without a value stays as it is. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A text that counts, in the plural form that `n` has in its language; `{n}` stands for the number. */
export function count(text: string | PluralForms, n: number, language: string): string {
  const form = typeof text === 'string' ? text : (text[readRules(language).select(n)] ?? text.other);
  return fill(form, { n });
}

/** A waiting time for people: seconds below two minutes, minutes above, never less than one second. */
export function duration(ms: number, { seconds, minutes, language }: Strings): string {
  const whole = Math.max(1, Math.ceil(ms / 1000));
  return whole < 120 ? count(seconds, whole, language) : count(minutes, Math.ceil(whole / 60), language);
}

const known = new Map<string, Intl.PluralRules>();

function readRules(language: string): Intl.PluralRules {
  const rules = known.get(language) ?? createRules(language);
  known.set(language, rules);
  return rules;
}

function createRules(language: string): Intl.PluralRules {
  try {
    return new Intl.PluralRules(language);
  } catch {
    // No language tag, which a page's own texts may have: a wrong plural is better than no text.
    return new Intl.PluralRules('en');
  }
}
